using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.History;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.Presence;
using TwinGrid.Twins.Timing;
using TwinGrid.Twins.Watching;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// One incarnation of a silo: the product's own twins, group commit, road and timer wheel, on the lanes of a simulated
/// process. Orleans is the few members of it that they call.
/// </summary>
internal sealed class SimulatedSilo
{
    private readonly Dictionary<TwinId, Activation> _activations = [];
    private readonly SimulationCounts _counts;

    public SimulatedSilo(World world, Database database, Mutation mutation, SimulationCounts counts, int incarnation)
    {
        _counts = counts;
        Incarnation = incarnation;
        Process = new Process(world);
        ProcessClock clock = Process.Clock;
        Lane pool = Process.Pool;
        IGrainFactory grains = Stub.Grains(Grain);
        Grains = Stub.Of<IGrainRuntime>(Runtimes);
        Store = mutation.Store(new SimulatedStore(database, incarnation), world, database);
        ActiveTwins active = new();
        Always<IngestOptions> ingest = new(new IngestOptions());
        Always<LimitOptions> limits = new(new LimitOptions());
        ILocalSiloDetails local = Stub.Of<ILocalSiloDetails>(_ => null);
        DeadSilos dead = new(Stub.Nobody, local, Store, clock, NullLogger<DeadSilos>.Instance);
        IngestRouter road = new(
            active,
            Stub.LoneSilo,
            new SiloLanes(null!, Stub.LoneSilo, Stub.Nobody, local, clock, NullLogger<SiloLanes>.Instance),
            new UnsureMessages(Store, dead, NullLogger<UnsureMessages>.Instance),
            local,
            grains,
            clock,
            NullLogger<IngestRouter>.Instance,
            pool);
        GroupCommit committer = new(Store, clock, NullLogger<GroupCommit>.Instance, pool);
        Wheel = new TimerWheel(clock, NullLogger<TimerWheel>.Instance, pool);
        Runtime = new TwinRuntime(
            SimulatedKind.Registry,
            Store,
            committer,
            new HistorySealer(
                Store, SimulatedKind.Registry, static _ => true, limits, clock, NullLogger<HistorySealer>.Instance),
            active,
            road,
            new NewTwinGate(ingest, limits, SimulatedKind.Registry, active, clock),
            Wheel,
            new WatchBudget(limits),
            new ModelBatches(active, clock, NullLogger<ModelBatches>.Instance),
            new SiloLease( // its store's lease is endless: it needs none of the simulated time
                Store,
                committer.Health,
                Options.Create(new TwinsHostingOptions()),
                Stub.Of<IFatalErrorHandler>(_ => throw new NotSupportedException("a silo that is alone is not fenced")),
                TimeProvider.System,
                NullLogger<SiloLease>.Instance),
            dead,
            new GatewayLives(active, clock),
            [mutation.Sink(new SimulatedSink(this))],
            ingest,
            new Always<ControlOptions>(Control),
            limits,
            grains,
            clock,
            NullLogger<TwinRuntime>.Instance);
        Road = mutation.Road(road);
        Runtime.Lease.StartAsync().Ignore();
        pool.Run(StartAsync);
    }

    public int Incarnation { get; }

    public Process Process { get; }

    public TwinRuntime Runtime { get; }

    public IGrainRuntime Grains { get; }

    public ITwinStore Store { get; }

    public ITwinIngest Road { get; }

    public TimerWheel Wheel { get; }

    public ControlOptions Control { get; } = new();

    /// <summary>Who hears what the twins tell.</summary>
    public Action<TwinEffect> Told { get; set; } = _ => { };

    public IEnumerable<KeyValuePair<TwinId, Activation>> Activations => _activations;

    /// <summary>The twin's activation, a new one where there is none.</summary>
    public Activation Find(TwinId twin)
    {
        if (!_activations.TryGetValue(twin, out Activation? activation))
        {
            _counts.Activations++;
            _activations.Add(twin, activation = new Activation(this, twin));
        }

        return activation;
    }

    public Activation? FindActive(TwinId twin) => _activations.GetValueOrDefault(twin);

    public void Forget(TwinId twin, Activation activation)
    {
        if (_activations.GetValueOrDefault(twin) == activation)
        {
            _activations.Remove(twin);
        }
    }

    public ITwin Twin(TwinId twin) => TwinReference.Of(this, twin);

    /// <summary>Calls a twin as a client of this silo.</summary>
    public Task<T> CallAsync<T>(TwinId twin, Func<ITwin, Task<T>> method, TimeSpan timeout)
    {
        GrainCall<T> call = new(method);
        Process.Pool.Post(() => Find(twin).Take(call));
        return call.Answer.WaitAsync(timeout, Process.Clock);
    }

    private object Grain(Type type, string key) => type == typeof(ITwin)
        ? Twin(TwinId.FromGrainKey(key))
        : throw new NotSupportedException(type.Name);

    private object? Runtimes(System.Reflection.MethodInfo method, object?[] arguments)
    {
        switch (method.Name)
        {
            case nameof(IGrainRuntime.DelayDeactivation):
                return null;
            case nameof(IGrainRuntime.DeactivateOnIdle):
                ((IGrainContext)arguments[0]!).Deactivate(
                    new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "idle"));
                return null;
            case "get_GrainFactory":
                return Runtime.Grains;
            default:
                throw new NotSupportedException(method.Name);
        }
    }

    // As the silo's lifecycle does: the wheel, then the twins that may have something due.
    private async Task StartAsync()
    {
        Wheel.Start(Wake);
        await foreach (TwinId twin in Store.ReadDueAsync(CancellationToken.None))
        {
            Wake(twin);
        }
    }

    private void Wake(TwinId twin)
    {
        if (Runtime.Active.Find(twin) is { } inbox)
        {
            inbox.Ring();
        }
        else
        {
            Process.Pool.Run(() => WakeGrainAsync(twin));
        }
    }

    private async Task WakeGrainAsync(TwinId twin)
    {
        try
        {
            await Twin(twin).SummarizeAsync();
        }
        catch (Exception)
        {
            Wheel.Schedule(twin, Runtime.Now + (10 * UnixMicroseconds.PerSecond));
        }
    }

    private sealed class SimulatedSink(SimulatedSilo silo) : IEffectSink
    {
        public bool Wants(TwinId twin, EffectKind kind, string name) => kind == EffectKind.State;

        public void Publish(IReadOnlyList<TwinEffect> effects)
        {
            foreach (TwinEffect effect in effects)
            {
                silo.Told(effect);
            }
        }
    }

    private sealed class Always<T>(T value) : IOptionsMonitor<T>
    {
        public T CurrentValue => value;

        public T Get(string? name) => value;

        public IDisposable? OnChange(Action<T, string?> listener) => null;
    }
}
