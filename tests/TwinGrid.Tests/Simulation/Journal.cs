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

/// <summary>A message that a gateway of a silo took for a twin.</summary>
/// <param name="Twin">Whose.</param>
/// <param name="Silo">Of which silo's life.</param>
/// <param name="Reading">Which reading it holds; the same may come several times. Null for what is none.</param>
/// <param name="Received">When the gateway took it, which stands in the log.</param>
/// <param name="At">When, in the order of all arrivals and answers.</param>
internal sealed record Arrival(TwinId Twin, int Silo, Identity? Reading, long Received, int At)
{
    /// <summary>When it was answered; never so far.</summary>
    public int AnsweredAt { get; set; } = int.MaxValue;

    public IngestStatus Answer { get; set; }
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

    /// <summary>What gateways took, in the order in which they did.</summary>
    public List<Arrival> Arrivals { get; } = [];

    private int Order { get; set; }

    public Arrival Arrived(TwinId twin, int silo, Identity? reading, long received)
    {
        Arrival arrival = new(twin, silo, reading, received, Order++);
        Arrivals.Add(arrival);
        return arrival;
    }

    public void Answered(Arrival arrival, IngestStatus answer) =>
        (arrival.AnsweredAt, arrival.Answer) = (Order++, answer);

    public long Newest(TwinId twin) => NewestAcknowledged.GetValueOrDefault(twin);

    /// <summary>The outside has heard of a revision: no later reader may be shown an older one.</summary>
    public void Heard(TwinId twin, long revision) => NewestAcknowledged[twin] = Math.Max(Newest(twin), revision);
}
