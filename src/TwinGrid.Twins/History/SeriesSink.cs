namespace TwinGrid.Twins.History;

/// <summary>Takes the readings of one telemetry in a range, in any order, and holds a bounded part of them.</summary>
internal abstract class SeriesSink
{
    /// <summary>The source time of the oldest reading that it saw, in the range or not.</summary>
    public long Oldest { get; private set; } = long.MaxValue;

    /// <summary>The least source time of the range.</summary>
    public required long From { get; init; }

    /// <summary>The source time before which it ends.</summary>
    public required long To { get; init; }

    /// <summary>Takes a reading; one outside the range is only looked at.</summary>
    public void Add(in HistoryReading reading)
    {
        Oldest = Math.Min(Oldest, reading.Time);
        if (reading.Time >= From && reading.Time < To)
        {
            Take(reading);
        }
    }

    /// <summary>Notes the source time of a reading that need not come itself.</summary>
    public void SeeOldest(long time) => Oldest = Math.Min(Oldest, time);

    /// <summary>True where a block can change what it holds.</summary>
    public abstract bool Needs(SealedBlock block);

    /// <summary>True where no block that begins later can change what it holds.</summary>
    public abstract bool IsDone(SealedBlock block);

    /// <summary>What it holds, in the order of time, and whether that is all.</summary>
    public abstract (IReadOnlyList<HistoryReading> Readings, bool IsAll) Finish();

    protected abstract void Take(in HistoryReading reading);
}
