using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;
using TwinGrid.Storage.Sqlite;
using TwinGrid.Tests.MqttGateway;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Twins;

/// <summary>
/// Two silos in one process over one real SQLite store, with everything that twins publish written down.
/// </summary>
public class TwoSiloGrid : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-two-silos-").FullName;
    private readonly RecordingSink _sink = new();
    private SqliteTwinStore? _sqlite;
    private GatedStore? _store;
    private InProcessTestCluster? _cluster;

    internal InProcessTestCluster Cluster => _cluster!;

    internal GatedStore Store => _store!;

    /// <summary>What a gateway answers that is asked to withdraw a command.</summary>
    internal Func<TwinEffect, Task<bool>> RecallAnswer { set => _sink.RecallAnswer = value; }

    internal IEnumerable<TwinEffect> Published => _sink.Effects;

    public async ValueTask InitializeAsync()
    {
        _sqlite = new SqliteTwinStore(
            new SqliteDatabase(_directory, null),
            new LimitOptions(),
            TimeProvider.System,
            NullLogger<SqliteTwinStore>.Instance);
        _store = new GatedStore(_sqlite);
        InProcessTestClusterBuilder builder = new((short)SiloCount);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorage(TwinsSiloBuilderExtensions.ControlPlaneStorage);
            silo.Services.AddSingleton<ITwinStore>(_store);
            silo.Services.AddSingleton<IEffectSink>(_sink);
            silo.Services.AddSingleton(new DefinitionSet([Definition, Fragile]));
            silo.Services.AddPredictiveModel("Fragile", _ => new FragileModel());
            silo.Services.Configure<IngestOptions>(options => options.Acknowledge = Acknowledge);
            silo.AddTwins();
            Configure(silo);
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();

        // A twin that one silo places before it takes the other for a place is moved later, and tells all anew.
        await RunningGateway.Until(
            () => _cluster.Silos.All(silo => _cluster.Silos.All(other =>
                _cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<ShardMap>()
                    .IsSettled(other.SiloAddress))),
            "every silo takes every other for a place");
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster!.DisposeAsync();
        await _sqlite!.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>How many silos there are.</summary>
    protected virtual int SiloCount => 2;

    /// <summary>Adds to a silo what a test needs besides.</summary>
    protected virtual void Configure(ISiloBuilder silo)
    {
    }

    /// <summary>When a message counts as taken.</summary>
    protected virtual Acknowledgement Acknowledge => Acknowledgement.Durable;

    internal static TwinDefinition Definition { get; } = new()
    {
        Kind = "fan",
        Telemetry = [new TelemetryDefinition { Name = "speed" }],
        Policies =
        [
            new PolicyDefinition
            {
                Name = "fast",
                When = "speed > 100",
                Mode = PolicyMode.Act,
                Command = new PolicyCommand { Name = "slow" },
            },
        ],
    };

    /// <summary>A kind whose model throws at 13 and cannot explain 7.</summary>
    internal static TwinDefinition Fragile { get; } = new()
    {
        Kind = "fragile",
        Telemetry = [new TelemetryDefinition { Name = "speed" }],
        Models = [new ModelDefinition { Name = "fragile", Type = "Fragile", Inputs = ["speed"] }],
    };

    internal ITwin Twin(string key, string kind = "fan") =>
        Cluster.Client.GetGrain<ITwin>(new TwinId(kind, key).ToGrainKey());

    /// <summary>The road to the twins as a gateway on that silo takes it.</summary>
    internal ITwinIngest Road(int silo) =>
        Cluster.GetSiloServiceProvider(Cluster.Silos[silo].SiloAddress).GetRequiredService<ITwinIngest>();

    /// <summary>
    /// While something is wrong with the store, every message to a resting twin is refused and the store is hardly
    /// asked; afterwards the next is taken.
    /// </summary>
    internal async Task RefusesAllAsync(string prefix, int messages, Action<bool> wrong)
    {
        Sender sender = new(Road(0), TwinOn(0, prefix));
        int loads = Store.Loads;
        wrong(true);
        try
        {
            for (int i = 0; i < messages; i++)
            {
                sender.Send();
            }

            await sender.AnsweredAsync();
        }
        finally
        {
            wrong(false);
        }

        Assert.All(sender.All, message => Assert.Equal((1, IngestStatus.Unavailable), (message.Times, message.Status)));
        Assert.InRange(Store.Loads - loads, 1, 20);
        Assert.Equal(IngestStatus.Accepted, (await sender.Send().Result).Status);
    }

    /// <summary>A twin that the shard map puts on that silo.</summary>
    internal TwinId TwinOn(int silo, string prefix, string kind = "fan") => Enumerable.Range(0, 1_000)
        .Select(i => new TwinId(kind, $"{prefix}{i}"))
        .First(id => Cluster.Silos[silo].SiloAddress.Equals(
            Cluster.GetSiloServiceProvider(Cluster.Silos[silo].SiloAddress)
                .GetRequiredService<ShardMap>().Find(id.ToGrainKey())));

    internal int ActiveOn(int silo) =>
        Cluster.GetSiloServiceProvider(Cluster.Silos[silo].SiloAddress).GetRequiredService<ActiveTwins>().Count;

    internal static byte[] Speed(double value, long? seq = null, string name = "speed")
    {
        ReadingWriter writer = new();
        writer.BeginMessage(new MessageHeader
        {
            Received = UnixMicroseconds.Now(TimeProvider.System),
            Seq = seq,
            Epoch = seq is null ? null : 1,
        });
        writer.Number(Encoding.UTF8.GetBytes(name), value);
        writer.EndMessage();
        return writer.Written.ToArray();
    }

    private sealed class FragileModel : PredictiveModel<double>
    {
        protected override void Update(in ModelInput input, ref double state, ref Prediction prediction)
        {
            state++;
            prediction.Value = input.Inputs[0] == 13 ? throw new InvalidOperationException("13") : input.Inputs[0];
        }

        protected override string Explain(in Prediction prediction, in double state) =>
            prediction.Value == 7 ? throw new InvalidOperationException("7") : "fine";
    }

    private sealed class RecordingSink : IEffectSink
    {
        public ConcurrentQueue<TwinEffect> Effects { get; } = new();

        public Func<TwinEffect, Task<bool>> RecallAnswer { get; set; } = _ => Task.FromResult(true);

        public Task<bool> TryRecallAsync(TwinEffect command) => RecallAnswer(command);

        public bool Wants(TwinId twin, EffectKind kind, string name) => true;

        public void Publish(IReadOnlyList<TwinEffect> effects)
        {
            foreach (TwinEffect effect in effects)
            {
                Effects.Enqueue(effect);
            }
        }
    }
}
