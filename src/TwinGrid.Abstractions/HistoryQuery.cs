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
}

/// <summary>What history answers.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.HistoryPage")]
public sealed record HistoryPage
{
    /// <summary>The readings by telemetry, in the order of their times.</summary>
    [Id(0)]
    public required IReadOnlyDictionary<string, IReadOnlyList<HistoryReading>> Telemetry { get; init; }

    /// <summary>The source time of the oldest reading that is kept of this telemetry; null where none is.</summary>
    [Id(1)]
    public DateTimeOffset? Oldest { get; init; }

    /// <summary>
    /// False where a limit cut it: go on from the last reading's time. True also where it was thinned out.
    /// </summary>
    [Id(2)]
    public required bool Complete { get; init; }
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
    [property: Id(3)] DateTimeOffset? OldestTime);

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
