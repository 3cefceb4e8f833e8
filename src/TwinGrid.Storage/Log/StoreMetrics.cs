using System.Diagnostics.Metrics;

namespace TwinGrid.Storage.Log;

/// <summary>What a store counts; each measurement carries the database's name as <c>db.system.name</c>.</summary>
internal sealed class StoreMetrics(string system)
{
    private static readonly Histogram<double> CommitDuration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.store.commit.duration", "s", "Time of one group commit, fsync included");

    private static readonly Histogram<int> CommitTurns = TwinGridDiagnostics.Meter.CreateHistogram<int>(
        "twingrid.store.commit.turns", "{turn}", "Turns of one group commit");

    private static readonly Counter<long> Turns = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.turns", "{turn}", "Turns by what became of them: committed or fenced");

    private static readonly Counter<long> Bytes = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.bytes", "By", "Bytes of inputs and states that were committed");

    private static readonly Counter<long> Snapshots = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.snapshots", "{snapshot}", "Snapshots by what became of them: committed or stale");

    private static readonly Counter<long> DeadLetters = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.dead_letters", "{letter}", "Dead letters by what became of them: written or trimmed");

    private static readonly Counter<long> Sessions = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.sessions", "{session}", "Sessions by what became of them: saved, removed or damaged");

    private static readonly Histogram<double> LoadDuration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.store.load.duration", "s", "Time to read one twin: snapshot and tail");

    private static readonly Counter<long> ReadingsSealed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.readings", "{reading}", "Readings that were sealed into history");

    private static readonly Counter<long> TurnsSealed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.turns", "{turn}", "Turns that were sealed into segments");

    private static readonly Counter<long> BytesSealed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.bytes", "By", "Bytes of sealed history by what they hold: turns or readings");

    private static readonly Counter<long> Restorations = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.store.restored", "{start}", "Starts that found a database older than what was last written");

    private readonly KeyValuePair<string, object?> _system = new("db.system.name", system);

    /// <summary>A group was committed, or was fenced as a whole.</summary>
    public void Committed(in CommitResult group, TimeSpan duration)
    {
        CommitDuration.Record(duration.TotalSeconds, _system);
        CommitTurns.Record(group.Outcomes.Length, _system);
        Count(Turns, group.Outcomes.Length - group.Fenced, "committed");
        Count(Turns, group.Fenced, "fenced");
        Count(Snapshots, group.Snapshots, "committed");
        Count(Snapshots, group.StaleSnapshots, "stale");
        Bytes.Add(group.Bytes, _system);
    }

    /// <summary>Dead letters were appended, and the oldest went.</summary>
    public void DeadLettersAppended(int written, long trimmed)
    {
        Count(DeadLetters, written, "written");
        Count(DeadLetters, trimmed, "trimmed");
    }

    /// <summary>Sessions were saved, or removed.</summary>
    public void SessionsSaved(int saved, int removed)
    {
        Count(Sessions, saved, "saved");
        Count(Sessions, removed, "removed");
    }

    /// <summary>Sessions were found that cannot be read.</summary>
    public void SessionsDamaged(int number) => Count(Sessions, number, "damaged");

    /// <summary>A part of a twin's log was sealed.</summary>
    public void Sealed(SealedTurns part, long turnBytes, long readingBytes)
    {
        TurnsSealed.Add(part.Turns.Count, _system);
        ReadingsSealed.Add(part.Readings.Sum(readings => (long)readings.Readings.Count), _system);
        BytesSealed.Add(turnBytes, _system, new KeyValuePair<string, object?>("content", "turns"));
        BytesSealed.Add(readingBytes, _system, new KeyValuePair<string, object?>("content", "readings"));
    }

    /// <summary>The database is older than what was last written: a backup was restored.</summary>
    public void Restored() => Restorations.Add(1, _system);

    /// <summary>A twin was read.</summary>
    public void Loaded(TimeSpan duration) => LoadDuration.Record(duration.TotalSeconds, _system);

    private void Count(Counter<long> counter, long number, string outcome)
    {
        if (number != 0)
        {
            counter.Add(number, _system, new KeyValuePair<string, object?>("outcome", outcome));
        }
    }
}
