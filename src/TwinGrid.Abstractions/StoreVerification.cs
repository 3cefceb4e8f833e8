namespace TwinGrid;

/// <summary>Something in a store that is not as it was written.</summary>
/// <param name="Where">What holds it, for people: the database, or a file of it.</param>
/// <param name="Twin">Whose it is; null where it belongs to no single twin.</param>
/// <param name="Revision">The twin's revision that it begins with; null where it has none.</param>
/// <param name="Problem">What is wrong, as a sentence without its end.</param>
/// <param name="Remedy">What an operator can do about it, as sentences.</param>
public sealed record StoreDamage(string Where, TwinId? Twin, long? Revision, string Problem, string Remedy)
{
    /// <summary>One line: the twin and its revision, or the place, and what is wrong.</summary>
    public override string ToString() => (Twin, Revision) switch
    {
        ({ } twin, { } revision) => $"{twin} revision {revision}: {Problem} ({Where})",
        ({ } twin, null) => $"{twin}: {Problem} ({Where})",
        _ => $"{Where}: {Problem}",
    };
}

/// <summary>What was read of a store so far. Written by the one who reads; anybody may look at it meanwhile.</summary>
public sealed class StoreTally
{
    private long _twins;
    private long _turns;
    private long _snapshots;
    private long _sessions;
    private long _segments;
    private long _blocks;
    private long _files;
    private long _bytes;

    /// <summary>Twins that have a log.</summary>
    public long Twins => Volatile.Read(ref _twins);

    /// <summary>Turns: single ones, and those of segments.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Snapshots, and states where sealing goes on.</summary>
    public long Snapshots => Volatile.Read(ref _snapshots);

    /// <summary>MQTT sessions.</summary>
    public long Sessions => Volatile.Read(ref _sessions);

    /// <summary>Sealed segments of logs.</summary>
    public long Segments => Volatile.Read(ref _segments);

    /// <summary>Sealed blocks of readings.</summary>
    public long Blocks => Volatile.Read(ref _blocks);

    /// <summary>Files or databases.</summary>
    public long Files => Volatile.Read(ref _files);

    /// <summary>Bytes of inputs, states and sealed parts whose checksum was computed.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>A twin was found.</summary>
    public void AddTwin() => Interlocked.Increment(ref _twins);

    /// <summary>A single turn was read.</summary>
    public void AddTurn(int bytes)
    {
        Interlocked.Increment(ref _turns);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>A snapshot was read.</summary>
    public void AddSnapshot(int bytes)
    {
        Interlocked.Increment(ref _snapshots);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>A session was read.</summary>
    public void AddSession(int bytes)
    {
        Interlocked.Increment(ref _sessions);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>A segment was read.</summary>
    public void AddSegment(long turns, int bytes)
    {
        Interlocked.Increment(ref _segments);
        Interlocked.Add(ref _turns, turns);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>A block of readings was read.</summary>
    public void AddBlock(int bytes)
    {
        Interlocked.Increment(ref _blocks);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>A file or a database was opened.</summary>
    public void AddFile() => Interlocked.Increment(ref _files);
}
