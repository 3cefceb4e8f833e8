namespace TwinGrid;

/// <summary>
/// The bounds of a process, section <c>TwinGrid:Limits</c>. Everything has one, so that no device, topic or query can
/// take the whole machine.
/// </summary>
public sealed class LimitOptions
{
    /// <summary>Twins of one silo; default 1,000,000 (8 GiB of heap hold about as many).</summary>
    public int Twins { get; set; } = 1_000_000;

    /// <summary>New twins in a minute; default 1,000, so that a typo in a topic cannot fill the catalogue.</summary>
    public int NewTwinsPerMinute { get; set; } = 1_000;

    /// <summary>Telemetry names of one twin, declared ones included; default 512.</summary>
    public int TelemetryNamesPerKind { get; set; } = 512;

    /// <summary>Publishers of one twin that keep numbers of their own; default 8.</summary>
    public int SourcesPerTwin { get; set; } = 8;

    /// <summary>Dead letters that are kept; default 100,000. The oldest go, further ones are only counted.</summary>
    public int DeadLetters { get; set; } = 100_000;

    /// <summary>How long dead letters are kept; default 7 d.</summary>
    public Duration DeadLettersKeep { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long history is kept where a kind does not say; default 30 d.</summary>
    public Duration HistoryKeep { get; set; } = TimeSpan.FromDays(30);

    /// <summary>MQTT connections from one address; default 20,000, so that a gateway's devices fit.</summary>
    public int ConnectionsPerAddress { get; set; } = 20_000;

    /// <summary>
    /// Unacknowledged publishes of one MQTT connection; default 1,024. An MQTT 5 client is told so (Receive Maximum),
    /// an MQTT 3.1.1 client's socket is not read while it has as many.
    /// </summary>
    public int InFlightPerConnection { get; set; } = 1_024;

    /// <summary>MQTT sessions that outlive their connections; default 100,000.</summary>
    public int Sessions { get; set; } = 100_000;

    /// <summary>How long such a session lives at most after its connection ended; default 7 d.</summary>
    public Duration SessionKeep { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Topic filters of one MQTT session; default 1,000.</summary>
    public int FiltersPerSession { get; set; } = 1_000;

    /// <summary>
    /// Messages that wait for one subscriber; default 1,000. States and predictions make room for newer ones; who
    /// would lose anything else is disconnected (MQTT 5 reason 0x97).
    /// </summary>
    public int QueuedPerSession { get; set; } = 1_000;

    /// <summary>Watchers of the twins of one process, and watching requests of one; default 10,000.</summary>
    public int Watchers { get; set; } = 10_000;

    /// <summary>Watchers of one twin; default 64.</summary>
    public int WatchersPerTwin { get; set; } = 64;

    /// <summary>
    /// Bytes of changes that one process keeps for those who watch; default 67,108,864. At most 256 changes or 1 MiB
    /// of one twin; with more of all, slow watchers miss changes sooner, and are told so.
    /// </summary>
    public int WatchBufferBytes { get; set; } = 67_108_864;

    /// <summary>
    /// Bytes that a process has taken in and not answered, over all connections and requests; default 268,435,456.
    /// From half of it on messages of QoS 0 are dropped and counted; at all of it sockets are not read and HTTP answers
    /// 503.
    /// </summary>
    public long IngestBytes { get; set; } = 268_435_456;

    /// <summary>Bytes of one MQTT packet or HTTP body; default 262,144.</summary>
    public int PacketBytes { get; set; } = 262_144;
}
