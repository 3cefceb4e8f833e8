namespace TwinGrid.Tests.Simulation;

/// <summary>Who a reading is: it may count once.</summary>
internal readonly record struct Identity(string Source, long Epoch, long Seq);

/// <summary>A reading that a device has taken.</summary>
/// <param name="Twin">Whose.</param>
/// <param name="Identity">Who it is.</param>
/// <param name="Time">The device's time, Unix microseconds.</param>
/// <param name="Value">A whole number.</param>
internal sealed record Measured(TwinId Twin, Identity Identity, long Time, double Value);

/// <summary>What a reader was shown, and what it had to be shown at least.</summary>
internal sealed record SeenRead(
    TwinId Twin, long AtLeast, long Revision, bool Durable, CountersSnapshot Counters, double Value, long Count);

/// <summary>Something that somebody wanted done once.</summary>
internal sealed class Intention(TwinId twin, int number)
{
    public TwinId Twin => twin;

    public int Number => number;

    /// <summary>What stands in the command, so that it is found however it is named.</summary>
    public string Args => $$"""{"n":{{number}}}""";

    public bool Accepted { get; set; }

    public bool Ended { get; set; }
}

/// <summary>What those outside did, were promised and saw: the oracle judges it.</summary>
internal sealed class Journal
{
    public Dictionary<(TwinId, Identity), Measured> Attempted { get; } = [];

    public HashSet<(TwinId, Identity)> Acknowledged { get; } = [];

    public Dictionary<TwinId, long> NewestAcknowledged { get; } = [];

    public List<SeenRead> Reads { get; } = [];

    public List<Intention> Intentions { get; } = [];

    /// <summary>Every command that a twin told the outside of.</summary>
    public HashSet<string> ToldCommands { get; } = [];

    /// <summary>When a device did a command, Unix microseconds of the world.</summary>
    public Dictionary<string, List<long>> Executions { get; } = [];

    /// <summary>What was seen to be wrong while it happened.</summary>
    public List<string> Wrongs { get; } = [];

    public HashSet<TwinId> Deleted { get; } = [];

    public long Newest(TwinId twin) => NewestAcknowledged.GetValueOrDefault(twin);

    /// <summary>The outside has heard of a revision: no later reader may be shown an older one.</summary>
    public void Heard(TwinId twin, long revision) => NewestAcknowledged[twin] = Math.Max(Newest(twin), revision);
}
