using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace TwinGrid.Hosting.Api;

/// <summary>Reads what was: readings of a time, and twins as they were.</summary>
internal static class HistoryRoutes
{
    private const int FewestPoints = 4;

    /// <summary>A number from here on is a time in milliseconds: no twin has so many revisions.</summary>
    private const long LeastTime = 100_000_000_000;

    public static async Task<IResult> GetAsync(
        string kind,
        string key,
        string? telemetry,
        string? from,
        string? to,
        string? limit,
        string? maxPoints,
        string? cursor,
        ApiCalls grid,
        CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (Paging.TryCursor(cursor, out string? position) is { } strange)
        {
            return strange;
        }

        List<ProblemError> errors = [];
        HistoryQuery query = new()
        {
            Telemetry = Names(telemetry, errors),
            From = Time("from", from, errors),
            To = Time("to", to, errors),
            Limit = Number("limit", limit, 1, errors) ?? HistoryQuery.DefaultLimit,
            MaxPoints = Number("maxPoints", maxPoints, FewestPoints, errors),
            Cursor = position,
        };
        if (position is not null && !HistoryQuery.IsCursor(position))
        {
            return Problem.BadRequest("bad-cursor", "that cursor is of another listing");
        }

        if (position is not null && query.MaxPoints is not null)
        {
            errors.Add(new ProblemError("/cursor", "what is thinned out by maxPoints has no pages: leave cursor out"));
        }

        if (query.From > query.To)
        {
            errors.Add(new ProblemError("/to", "to must not be before from: the range is [from, to)"));
        }

        if (errors.Count > 0)
        {
            return Problem.BadRequest("bad-history-query", errors[0].Detail, errors);
        }

        HistoryPage? page = await grid.Read(() => grid.History.ReadAsync(id, query), cancellationToken);
        return page is null
            ? ApiCalls.UnknownTwin(id)
            : Results.Json(
                page with { Cursor = Paging.ToCursor(page.Cursor) }, TwinGridJson.Readable.HistoryPage);
    }

    /// <summary>The twin as it was at a revision or a time.</summary>
    public static async Task<IResult> AsOfAsync(
        TwinId id, string asOf, ApiCalls grid, CancellationToken cancellationToken)
    {
        bool isRevision = long.TryParse(asOf, NumberStyles.None, CultureInfo.InvariantCulture, out long revision)
            && revision < LeastTime;
        string? wrong = null;
        DateTimeOffset time = default;
        if (isRevision ? revision < 1 : (wrong = QueryTime.TryRead(asOf, out time)) is not null)
        {
            string detail = $"asOf must be a revision from 1 or a time; {wrong ?? "that is no revision"}";
            return Problem.BadRequest("bad-as-of", detail, [new ProblemError("/asOf", detail)]);
        }

        PastTwin? past = await grid.Read(
            () => grid.History.AsOfAsync(id, isRevision ? revision : null, time), cancellationToken);
        return past switch
        {
            null => ApiCalls.UnknownTwin(id),
            { Snapshot: { } snapshot } => Results.Json(snapshot, TwinGridJson.Readable.TwinSnapshot),
            { IsBeforeFirst: true } => Problem.NotFound(
                "no-twin-then", $"{id} did not exist yet at {asOf}: its first turn was later"),
            { IsKept: true } => Problem.NotFound("no-twin-then", $"{id} did not exist at {asOf}: it was deleted"),
            { OldestRevision: > 0 } when isRevision && revision >= past.OldestRevision => Problem.NotFound(
                "no-such-revision", $"{id} has not come to revision {revision} yet"),
            _ => Problem.Gone(
                "not-kept",
                past.OldestTime is { } oldest
                    ? $"{id} at {asOf} is not kept; the oldest is revision {past.OldestRevision} of {oldest:O}"
                    : $"{id} at {asOf} is not kept; turns are from revision {past.OldestRevision} on"),
        };
    }

    private static string[]? Names(string? text, List<ProblemError> errors)
    {
        string[]? names = text?.Split(',', StringSplitOptions.TrimEntries);
        if (names is not null && (names.Any(name => name.Length == 0) || names.Length > HistoryQuery.MaxNames))
        {
            errors.Add(new ProblemError(
                "/telemetry",
                $"telemetry must be at most {HistoryQuery.MaxNames} names with commas between, or absent for all"));
        }

        return names;
    }

    private static DateTimeOffset? Time(string name, string? text, List<ProblemError> errors)
    {
        if (text is null)
        {
            return null;
        }

        string? wrong = QueryTime.TryRead(text, out DateTimeOffset time);
        if (wrong is not null)
        {
            errors.Add(new ProblemError($"/{name}", $"{name}: {wrong}"));
        }

        return wrong is null ? time : null;
    }

    private static int? Number(string name, string? text, int least, List<ProblemError> errors)
    {
        if (text is null)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= least && number <= HistoryQuery.MaxLimit)
        {
            return number;
        }

        errors.Add(new ProblemError(
            $"/{name}", $"{name} must be a whole number from {least} to {HistoryQuery.MaxLimit}"));
        return null;
    }
}
