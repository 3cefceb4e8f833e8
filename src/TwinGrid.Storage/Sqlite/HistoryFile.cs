using System.Globalization;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// One partition of sealed history: what is kept equally long and of the same days, in a file of its own, such as
/// <c>30d-20261123.db</c>.
/// </summary>
/// <remarks>
/// A file and not a table in the log's: dropping a table of 400 MB takes 4.7 s, writes as much to the disk as it held
/// (<c>secure_delete</c>) and leaves the file as large as it was, while commits wait; deleting a file takes
/// milliseconds and gives the room back.
/// </remarks>
/// <param name="Path">The file.</param>
/// <param name="Keep">How long it is kept after <paramref name="Ends"/>, microseconds.</param>
/// <param name="Begins">The least time that is put there, Unix microseconds.</param>
/// <param name="Ends">The time before which it ends, Unix microseconds.</param>
internal sealed record HistoryFile(string Path, long Keep, long Begins, long Ends)
{
    public const string Suffix = ".db";

    private const string DateForm = "yyyyMMdd";

    /// <summary>True for one that is older than it is kept.</summary>
    public bool IsExpired(long now) => Ends + Keep <= now;

    /// <summary>The partition of a time.</summary>
    public static HistoryFile For(string directory, long keep, long time)
    {
        Duration duration = TimeSpan.FromMicroseconds(keep);
        HistorySpan span = HistorySpan.For(duration.Microseconds, time);
        string date = UnixMicroseconds.ToDateTimeOffset(span.Begins).ToString(DateForm, CultureInfo.InvariantCulture);
        return new HistoryFile(
            System.IO.Path.Combine(directory, $"{duration}-{date}{Suffix}"), span.Keep, span.Begins, span.Ends);
    }

    /// <summary>The partition of a file's name; null for a file that is none.</summary>
    public static HistoryFile? Parse(string path)
    {
        string[] parts = System.IO.Path.GetFileNameWithoutExtension(path).Split('-');
        return parts.Length == 2
            && Duration.TryParse(parts[0], null, out Duration keep)
            && DateTimeOffset.TryParseExact(
                parts[1], DateForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var begins)
            ? For("", keep.Microseconds, UnixMicroseconds.From(begins)) with { Path = path }
            : null;
    }
}
