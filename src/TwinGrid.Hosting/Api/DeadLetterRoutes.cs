using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace TwinGrid.Hosting.Api;

/// <summary>A page of dead letters, newest first.</summary>
internal sealed record DeadLetterPage(IReadOnlyList<DeadLetterLine> Items, string? Cursor);

/// <summary>A message, or a reading of one, that could not be used.</summary>
/// <param name="Id">Its place in the log; newer ones are greater.</param>
/// <param name="Time">When it came.</param>
/// <param name="Topic">The MQTT topic or the URL's path.</param>
/// <param name="Client">The client's id; empty where it has none.</param>
/// <param name="Reason">A short word.</param>
/// <param name="Detail">A sentence.</param>
/// <param name="Size">The payload's whole size in bytes.</param>
/// <param name="Sample">The payload's first KiB, where it is UTF-8 text.</param>
/// <param name="SampleBase64">The payload's first KiB, where it is anything else.</param>
internal sealed record DeadLetterLine(
    long Id,
    DateTimeOffset Time,
    string Topic,
    string Client,
    string Reason,
    string Detail,
    int Size,
    string? Sample,
    string? SampleBase64);

/// <summary>Reads the dead-letter log.</summary>
internal static class DeadLetterRoutes
{
    public static async Task<IResult> ListAsync(
        string? cursor, string? limit, ITwinStore store, ApiCalls grid, CancellationToken cancellationToken)
    {
        if (Paging.TryRead(limit, cursor, out int count, out string? from) is { } problem)
        {
            return problem;
        }

        long before = long.MaxValue;
        if (from is not null && !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Problem.BadRequest("bad-cursor", "that cursor is of another listing");
        }

        IReadOnlyList<StoredDeadLetter> letters = await grid.Read(
            () => store.ReadDeadLettersAsync(from is null ? null : before, count + 1, cancellationToken),
            cancellationToken);
        string? next = letters.Count > count ? letters[count - 1].Id.ToString(CultureInfo.InvariantCulture) : null;
        DeadLetterPage page = new([.. letters.Take(count).Select(Line)], Paging.ToCursor(next));
        return Results.Json(page, ApiJson.Readable.DeadLetterPage);
    }

    private static DeadLetterLine Line(StoredDeadLetter stored)
    {
        DeadLetter letter = stored.Letter;
        bool isText = System.Text.Unicode.Utf8.IsValid(letter.Sample.Span);
        return new DeadLetterLine(
            stored.Id,
            UnixMicroseconds.ToDateTimeOffset(letter.Time),
            letter.Topic,
            letter.Client,
            letter.Reason,
            letter.Detail,
            letter.Size,
            isText ? System.Text.Encoding.UTF8.GetString(letter.Sample.Span) : null,
            isText ? null : Convert.ToBase64String(letter.Sample.Span));
    }
}
