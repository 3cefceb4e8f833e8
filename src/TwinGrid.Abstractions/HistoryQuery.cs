using System.Globalization;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>What is asked of a twin's history.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.HistoryQuery")]
public sealed record HistoryQuery
{
    /// <summary>Readings of one telemetry where the question does not say; default 10,000.</summary>
    public const int DefaultLimit = 10_000;

    /// <summary>The most that may be asked for, as a limit or as points: 100,000.</summary>
    public const int MaxLimit = 100_000;

    /// <summary>The most telemetry names of one question: 512.</summary>
    public const int MaxNames = 512;

    /// <summary>The telemetry names, at most 512; null for all.</summary>
    [Id(0)]
    public IReadOnlyList<string>? Telemetry { get; init; }

    /// <summary>The least source time; null for the oldest that is kept.</summary>
    [Id(1)]
    public DateTimeOffset? From { get; init; }

    /// <summary>The source time before which it ends; null for no end.</summary>
    [Id(2)]
    public DateTimeOffset? To { get; init; }

    /// <summary>At most so many readings of each telemetry, the oldest first; 1 to 100,000, default 10,000.</summary>
    [Id(3)]
    public int Limit { get; init; } = DefaultLimit;

    /// <summary>
    /// Thins each telemetry out to at most so many readings, 4 to 100,000, which keep its minima and maxima; null for
    /// all of them.
    /// </summary>
    [Id(4)]
    public int? MaxPoints { get; init; }

    /// <summary>
    /// Goes on where a page ended: its <see cref="HistoryPage.Cursor"/>, with the same telemetry and end. Not together
    /// with points. Null to begin.
    /// </summary>
    [Id(5)]
    public string? Cursor { get; init; }

    /// <summary>True for a text that a page can have as its cursor.</summary>
    public static bool IsCursor(string text) => HistoryPosition.TryParse(text, out _);
}

/// <summary>
/// Where a page of history ended: before a source time, but for so many of each telemetry's readings of that very time.
/// As a text <c>time:given</c>.
/// </summary>
/// <param name="Time">The source time, Unix microseconds.</param>
/// <param name="Given">How many readings of that time each telemetry had in the pages so far, at most.</param>
public readonly record struct HistoryPosition(long Time, long Given)
{
    /// <summary>Reads one.</summary>
    public static bool TryParse(string? text, out HistoryPosition position)
    {
        int colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        ReadOnlySpan<char> before = text.AsSpan(0, Math.Max(colon, 0));
        bool isOne = long.TryParse(
            before, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long time);
        isOne &= long.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long given);
        position = isOne ? new HistoryPosition(time, given) : default;
        return isOne;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time}:{Given}");
}

/// <summary>What history answers.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.HistoryPage")]
public sealed record HistoryPage
{
    /// <summary>The readings by telemetry, in the order of their times.</summary>
    [Id(0)]
    public required IReadOnlyDictionary<string, IReadOnlyList<HistoryReading>> Telemetry { get; init; }

    /// <summary>The source time of the oldest reading that is kept of this telemetry; null where none is.</summary>
    [Id(1), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>
    /// False where a limit cut it: go on with <see cref="Cursor"/>. True also where it was thinned out.
    /// </summary>
    [Id(2)]
    public required bool Complete { get; init; }

    /// <summary>
    /// Where the next page begins; null where this is all. A page ends for all telemetry at the same moment, so that
    /// pages in their order have every reading once, also of those that share a source time.
    /// </summary>
    [Id(3)]
    public string? Cursor { get; init; }
}

/// <summary>A twin as it was.</summary>
/// <param name="Snapshot">The twin; null where it did not exist then, or where it cannot be said any more.</param>
/// <param name="IsKept">False where that moment is before what is kept.</param>
/// <param name="OldestRevision">The oldest revision that can be asked for; 0 where there is none.</param>
/// <param name="OldestTime">When that revision was made; null where there is none.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.PastTwin")]
public sealed record PastTwin(
    [property: Id(0)] TwinSnapshot? Snapshot,
    [property: Id(1)] bool IsKept,
    [property: Id(2)] long OldestRevision,
    [property: Id(3)] DateTimeOffset? OldestTime)
{
    /// <summary>True where the twin did not exist yet: all of its log is kept and begins later.</summary>
    [Id(4)]
    public bool IsBeforeFirst { get; init; }
}

/// <summary>
/// Reads what twins were; the grain's key is the tenant, <see cref="TwinId.DefaultTenant"/>. No twin is woken for it.
/// </summary>
[Alias("TwinGrid.ITwinHistory")]
public interface ITwinHistory : IGrainWithStringKey
{
    /// <summary>Reads a twin's history as it is committed; null for a twin that never was.</summary>
    [Alias("Read")]
    Task<HistoryPage?> ReadAsync(TwinId twin, HistoryQuery query);

    /// <summary>Makes a twin again as it was at a revision or a time; null for a twin that never was.</summary>
    /// <param name="twin">Which.</param>
    /// <param name="revision">The revision; null where it is a time.</param>
    /// <param name="time">The time: the newest revision at or before it.</param>
    [Alias("AsOf")]
    Task<PastTwin?> AsOfAsync(TwinId twin, long? revision, DateTimeOffset time);
}
