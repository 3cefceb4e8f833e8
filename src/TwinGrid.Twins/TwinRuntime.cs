using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.History;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.Presence;
using TwinGrid.Twins.State;
using TwinGrid.Twins.Timing;
using TwinGrid.Twins.Watching;

namespace TwinGrid.Twins;

/// <summary>
/// What all twins of a silo share, as one object, so that an activation holds one reference. Thread-safe.
/// </summary>
internal sealed partial class TwinRuntime(
    KindRegistry kinds,
    ITwinStore store,
    GroupCommit committer,
    HistorySealer sealer,
    ActiveTwins active,
    IngestRouter road,
    NewTwinGate gate,
    TimerWheel wheel,
    WatchBudget watching,
    ModelBatches batches,
    SiloLease lease,
    DeadSilos dead,
    GatewayLives gateways,
    IEnumerable<IEffectSink> sinks,
    IOptionsMonitor<IngestOptions> ingest,
    IOptionsMonitor<ControlOptions> control,
    IOptionsMonitor<LimitOptions> limits,
    IGrainFactory grains,
    TimeProvider clock,
    ILogger<TwinRuntime> logger)
{
    /// <summary>Above so many twins a stop writes no snapshots: it would take longer than a stop may.</summary>
    private const int MostSnapshotsAtStop = 100_000;

    private volatile bool _skipsSnapshots;

    public KindRegistry Kinds => kinds;

    public ITwinStore Store => store;

    public GroupCommit Committer => committer;

    public HistorySealer Sealer => sealer;

    public ActiveTwins Active => active;

    public IngestRouter Road => road;

    public NewTwinGate Gate => gate;

    public TimerWheel Wheel => wheel;

    public WatchBudget Watching => watching;

    public ModelBatches Batches => batches;

    public SiloLease Lease => lease;

    public DeadSilos Dead => dead;

    /// <summary>Which gateways live: with one that does not, the presence of its devices is over.</summary>
    public GatewayLives Gateways => gateways;

    public ILogger Logger => logger;

    public IEffectSink[] Sinks { get; } = [.. sinks];

    public IGrainFactory Grains => grains;

    public TimeProvider Clock => clock;

    /// <summary>True while the silo stops with more twins than it can write in time.</summary>
    public bool SkipsSnapshots => _skipsSnapshots;

    /// <summary>The kill switch as it stands.</summary>
    public ControlMode Mode => control.CurrentValue.Mode;

    /// <summary>The silo stops.</summary>
    public void Stop()
    {
        _skipsSnapshots = active.Count > MostSnapshotsAtStop;
        watching.Stop();
        lease.Stop();
    }

    public long Now => UnixMicroseconds.Now(clock);

    /// <summary>True when an input counts as taken after the twin's turn and not after the commit.</summary>
    public bool AcknowledgesApplied => ingest.CurrentValue.Acknowledge == Acknowledgement.Applied;

    /// <summary>What decides a turn that begins now.</summary>
    public TurnHeader Header(CompiledKind kind) => new()
    {
        Mode = Mode,
        DefinitionRevision = kind.Revision,
        LiveWindow = ingest.CurrentValue.LiveWindow.Microseconds,
        MaxNames = Math.Min(limits.CurrentValue.TelemetryNamesPerKind, ushort.MaxValue),
        MaxSources = Math.Min(limits.CurrentValue.SourcesPerTwin, ushort.MaxValue),
    };

    [LoggerMessage(LogLevel.Error, "A turn of {Twin} failed and nothing of it was kept; the twin is read again.")]
    public partial void LogFoldFailed(Exception exception, TwinId twin);

    [LoggerMessage(
        LogLevel.Error,
        "{Twin} is damaged: it is not read, what comes for it goes to the dead letters, others go on. {Reason}")]
    public partial void LogDamaged(TwinId twin, string reason);

    [LoggerMessage(LogLevel.Error, "What {Twin} committed could not be published.")]
    public partial void LogPublishFailed(Exception exception, TwinId twin);
}
