namespace TwinGrid;

/// <summary>
/// Where a twin's log stands: the turns up to <see cref="Sealed"/> are in segments, those after it are single turns.
/// </summary>
public sealed record StoredLog
{
    /// <summary>The twin's newest revision.</summary>
    public required long Head { get; init; }

    /// <summary>The newest revision that is sealed; 0 where nothing is.</summary>
    public required long Sealed { get; init; }

    /// <summary>
    /// The first turn that can be read again; one more than <see cref="Head"/> where there is none. Those before it
    /// were erased, or retention took them.
    /// </summary>
    public required long Oldest { get; init; }

    /// <summary>The state at <see cref="Sealed"/>; null where the fold begins with an empty twin.</summary>
    public StoredSnapshot? SealedState { get; init; }

    /// <summary>The newest snapshot, or null.</summary>
    public StoredSnapshot? Snapshot { get; init; }
}

/// <summary>Where a refold of one moment of a twin begins and ends.</summary>
public sealed record StoredPast
{
    /// <summary>The first revision that can be made again.</summary>
    public required long Oldest { get; init; }

    /// <summary>When that revision's turn was, Unix microseconds; null where no turn is kept.</summary>
    public long? OldestTime { get; init; }

    /// <summary>The revision that was asked for; 0 where it is before what is kept, or was never.</summary>
    public required long Revision { get; init; }

    /// <summary>The newest state at or before it; null where the fold begins with an empty twin.</summary>
    public StoredSnapshot? Base { get; init; }
}

/// <summary>What sealing a part of a twin's log makes durable in the place of its single turns.</summary>
public sealed record SealedTurns
{
    /// <summary>Whose.</summary>
    public required TwinId Twin { get; init; }

    /// <summary>The turns, in order and without a gap; the first follows <see cref="StoredLog.Sealed"/>.</summary>
    public required IReadOnlyList<TwinTurn> Turns { get; init; }

    /// <summary>The state after the last of them: where the next part begins.</summary>
    public required StoredSnapshot End { get; init; }

    /// <summary>What the fold said of their readings, a list per telemetry.</summary>
    public required IReadOnlyList<SealedReadings> Readings { get; init; }
}

/// <summary>The readings of one telemetry in a sealed part.</summary>
/// <param name="Telemetry">The telemetry's name.</param>
/// <param name="Keep">How long they are kept from their source time on, microseconds.</param>
/// <param name="Readings">In the order of their times; equal times in the order of arrival.</param>
public sealed record SealedReadings(string Telemetry, long Keep, IReadOnlyList<HistoryReading> Readings);

/// <summary>What history has of one telemetry of a twin.</summary>
/// <param name="Telemetry">The telemetry's name.</param>
/// <param name="Oldest">The source time of its oldest reading, Unix microseconds.</param>
public sealed record SealedTelemetry(string Telemetry, long Oldest);

/// <summary>
/// Some sealed readings of one telemetry, in the order of their times, not unpacked yet: what stands beside them may
/// be all that is needed.
/// </summary>
/// <param name="First">The least source time, Unix microseconds.</param>
/// <param name="Last">The greatest source time, Unix microseconds.</param>
/// <param name="Count">How many.</param>
/// <param name="Minimum">The least number or boolean; NaN where there is none.</param>
/// <param name="Maximum">The greatest number or boolean; NaN where there is none.</param>
/// <param name="Unpack">
/// Unpacks them, every bit as it was; throws <see cref="TwinGridException"/> where the bytes are damaged.
/// </param>
public sealed record SealedBlock(
    long First, long Last, int Count, double Minimum, double Maximum, Func<IReadOnlyList<HistoryReading>> Unpack);
