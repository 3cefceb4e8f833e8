using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace TwinGrid.Hosting.Api;

/// <summary>Lists, reads and deletes twins.</summary>
internal static class TwinRoutes
{
    public static async Task<IResult> ListAsync(
        string? kind, string? cursor, string? limit, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (kind is not null && !TwinId.IsSegment(kind))
        {
            return Problem.BadRequest("bad-id", $"that is not a kind: {TwinId.SegmentRule}");
        }

        if (Paging.TryRead(limit, cursor, out int count, out string? from) is { } problem)
        {
            return problem;
        }

        if (from is not null && !TwinId.TryParse(from, null, out _))
        {
            return Problem.BadRequest("bad-cursor", "that cursor is of another listing");
        }

        TwinPage page = await grid.Read(() => grid.Fleet.ListAsync(kind, from, count), cancellationToken);
        return Results.Json(page with { Cursor = Paging.ToCursor(page.Cursor) }, TwinGridJson.Readable.TwinPage);
    }

    /// <summary>The twin at its last committed revision, which is its ETag too, for those who poll.</summary>
    public static async Task<IResult> GetAsync(
        string kind,
        string key,
        string? asOf,
        HttpContext context,
        ApiCalls grid,
        CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (asOf is not null)
        {
            return await HistoryRoutes.AsOfAsync(id, asOf, grid, cancellationToken);
        }

        TwinSnapshot? twin = await grid.Read(() => grid.Twin(id).GetAsync(), cancellationToken);
        if (twin is null)
        {
            return ApiCalls.UnknownTwin(id);
        }

        string tag = string.Create(
            CultureInfo.InvariantCulture, $"\"{twin.Revision}{(twin.Durable ? "" : "-volatile")}\"");
        return EntityTags.IsKnown(context, tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Json(twin, TwinGridJson.Readable.TwinSnapshot);
    }

    public static async Task<IResult> DeleteAsync(
        string kind, string key, string? history, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (!ApiCalls.TryId(kind, key, out TwinId id, out Problem? problem))
        {
            return problem;
        }

        if (history is not (null or "delete"))
        {
            return Problem.BadRequest("bad-history", "history must be 'delete', or absent to keep it");
        }

        bool isErased = history is not null;
        return await grid.Change(0, () => grid.Twin(id).DeleteAsync(isErased), cancellationToken)
            ? Results.NoContent()
            : ApiCalls.UnknownTwin(id);
    }
}
