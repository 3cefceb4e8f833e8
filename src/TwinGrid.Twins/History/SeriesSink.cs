namespace TwinGrid.Twins.History;

/// <summary>Takes the readings of one telemetry in a range, in any order, and holds a bounded part of them.</summary>
internal abstract class SeriesSink
{
    private long _seenAtFrom;

    /// <summary>The source time of the oldest reading that it saw, in the range or not.</summary>
    public long Oldest { get; private set; } = long.MaxValue;

    /// <summary>The least source time of the range.</summary>
    public required long From { get; init; }

    /// <summary>The source time before which it ends.</summary>
    public required long To { get; init; }

    /// <summary>So many readings of the very time <see cref="From"/> were given before.</summary>
    public long Given { get; init; }

    /// <summary>What is older is not shown any more, also where its file is still there.</summary>
    public long KeptFrom { get; init; } = long.MinValue;

    /// <summary>Takes a reading; one outside the range is only looked at.</summary>
    public void Add(in HistoryReading reading)
    {
        if (reading.Time < KeptFrom)
        {
            return;
        }

        Oldest = Math.Min(Oldest, reading.Time);
        if (reading.Time >= From && reading.Time < To && (reading.Time > From || ++_seenAtFrom > Given))
        {
            Take(reading);
        }
    }

    /// <summary>Where what it holds ends when a limit cut it; null where it has all.</summary>
    public virtual HistoryPosition? End => null;

    /// <summary>
    /// What it holds before a position: other telemetry ended there, and the next page begins there for all.
    /// </summary>
    public IReadOnlyList<HistoryReading> FinishBefore(HistoryPosition end)
    {
        IReadOnlyList<HistoryReading> readings = Finish();
        long left = end.Given - (end.Time == From ? Given : 0);
        return [.. readings.TakeWhile(reading => reading.Time < end.Time || (reading.Time == end.Time && left-- > 0))];
    }

    /// <summary>Notes the source time of a reading that need not come itself.</summary>
    public void SeeOldest(long time) => Oldest = Math.Min(Oldest, time);

    /// <summary>True where a block can change what it holds.</summary>
    public abstract bool Needs(SealedBlock block);

    /// <summary>True where no block that begins later can change what it holds.</summary>
    public abstract bool IsDone(SealedBlock block);

    /// <summary>What it holds, in the order of time.</summary>
    public abstract IReadOnlyList<HistoryReading> Finish();

    protected abstract void Take(in HistoryReading reading);
}
