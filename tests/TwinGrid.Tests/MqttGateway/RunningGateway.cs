using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MQTTnet;
using MQTTnet.Formatter;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.MqttGateway.Listening;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>The real gateway on a free port, with twins that only record what they are told.</summary>
public sealed class RunningGateway : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IHost _host;
    private bool _isStopped;

    private RunningGateway(IHost host)
    {
        _host = host;
    }

    public RecordingIngest Twins => (RecordingIngest)_host.Services.GetRequiredService<ITwinIngest>();

    public RecordingStore Store => (RecordingStore)_host.Services.GetRequiredService<ITwinStore>();

    public RecordingGrains Grains => _host.Services.GetRequiredService<RecordingGrains>();

    public IEffectSink Effects => _host.Services.GetRequiredService<IEffectSink>();

    internal SessionRegistry Sessions => _host.Services.GetRequiredService<SessionRegistry>();

    internal LargePackets LargePackets => _host.Services.GetRequiredService<LargePackets>();

    internal BridgeStatus Bridge => _host.Services.GetRequiredService<BridgeStatus>();

    public int Port { get; private set; }

    /// <summary>One of the gateway's parts.</summary>
    public T Part<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public static async Task<RunningGateway> StartAsync(
        IEnumerable<TwinDefinition>? definitions = null, Action<IServiceCollection>? more = null, int port = 0)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(new DefinitionSet(definitions ?? []));
        builder.Services.AddSingleton<ITwinIngest, RecordingIngest>();
        builder.Services.AddSingleton<ITwinStore, RecordingStore>();
        builder.Services.AddSingleton<RecordingGrains>();
        builder.Services.AddSingleton(
            services => RecordingGrains.Factory(services.GetRequiredService<RecordingGrains>()));
        builder.Services.Configure<MqttOptions>(options => options.Port = port);
        builder.Services.AddMqttGateway();
        more?.Invoke(builder.Services);
        IHost host = builder.Build();
        RunningGateway gateway = new(host);
        await host.StartAsync();
        gateway.Port = host.Services.GetRequiredService<MqttGatewayEndpoint>().Bound?.Port ?? 0;
        return gateway;
    }

    /// <summary>A gateway with no listener and a bridge.</summary>
    public static Task<RunningGateway> BridgeAsync(
        string server, Action<MqttOptions>? set = null, Action<IServiceCollection>? more = null) => StartAsync(
            port: -1,
            more: services =>
            {
                services.Configure<MqttOptions>(mqtt =>
                {
                    mqtt.Bridge.Server = server;
                    set?.Invoke(mqtt);
                });
                more?.Invoke(services);
            });

    public static async Task Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"waited in vain until {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }

    public async Task<IMqttClient> ConnectAsync(
        string? id = null, bool is5 = true, Action<MqttClientOptionsBuilder>? more = null)
    {
        IMqttClient client = new MqttClientFactory().CreateMqttClient();
        MqttClientOptionsBuilder options = new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", Port)
            .WithClientId(id ?? "")
            .WithTimeout(Patience)
            .WithProtocolVersion(is5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311);
        more?.Invoke(options);
        await client.ConnectAsync(options.Build());
        return client;
    }

    /// <summary>A client that does not throw where the grid refuses it.</summary>
    public IMqttClient NewClient() => new MqttClientFactory().CreateMqttClient();

    /// <summary>What a client asks for whose session outlives its connection, by MQTT 5.</summary>
    public MqttClientOptions Stay(string id, uint expiry) => new MqttClientOptionsBuilder()
        .WithTcpServer("127.0.0.1", Port)
        .WithClientId(id)
        .WithTimeout(Patience)
        .WithProtocolVersion(MqttProtocolVersion.V500)
        .WithCleanStart(false)
        .WithSessionExpiryInterval(expiry)
        .Build();

    /// <summary>Sends bytes on a socket of its own.</summary>
    public async Task<NetworkStream> OpenAsync(byte[] bytes)
    {
        TcpClient socket = new();
        await socket.ConnectAsync("127.0.0.1", Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(bytes);
        return stream;
    }

    public Task StopAsync()
    {
        _isStopped = true;
        return _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            await StopAsync();
        }

        _host.Dispose();
    }
}

/// <summary>What one input of a twin was, read from its packed form.</summary>
public sealed record Told(TwinId Twin, int Call, InputKind Kind, long Received, string Text);

/// <summary>The road to twins that only writes down; answers as the test says.</summary>
public sealed class RecordingIngest : ITwinIngest
{
    private readonly ConcurrentQueue<Told> _told = new();
    private int _calls;

    public Func<TwinId, Task<IngestResult>> Answer { get; set; } = _ => Task.FromResult(new IngestResult());

    public IReadOnlyList<Told> All => [.. _told];

    public IEnumerable<string> Of(string twin) =>
        _told.Where(told => told.Twin == TwinId.Parse(twin)).Select(told => $"{told.Kind} {told.Text}");

    public IEnumerable<string> Readings(string twin) =>
        _told.Where(told => told.Twin == TwinId.Parse(twin) && told.Kind == InputKind.Readings)
            .Select(told => told.Text);

    public void Send(IngestMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Read(message.Address.Twin, message.Inputs.Span, Interlocked.Increment(ref _calls));
        _ = FinishAsync(message, Answer(message.Address.Twin));
    }

    private static async Task FinishAsync(IngestMessage message, Task<IngestResult> answer) =>
        message.Finished(await answer);

    private void Read(TwinId twin, ReadOnlySpan<byte> inputs, int call)
    {
        InputReader reader = new(inputs);
        while (reader.Next())
        {
            string text = reader.Kind == InputKind.Readings
                ? Packed.Show(reader.Readings())
                : Encoding.UTF8.GetString(reader.Body);
            _told.Enqueue(new Told(twin, call, reader.Kind, reader.Received, text));
        }
    }
}

/// <summary>A store that keeps dead letters and sessions, in memory.</summary>
public sealed class RecordingStore : ITwinStore
{
    private readonly ConcurrentQueue<DeadLetter> _letters = new();

    public ConcurrentDictionary<string, StoredSession> Sessions { get; } = new();

    public IReadOnlyList<DeadLetter> Letters => [.. _letters];

    public bool IsBroken { get; set; }

    public Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        if (IsBroken)
        {
            throw new IOException("the disk is full");
        }

        foreach (DeadLetter letter in letters)
        {
            _letters.Enqueue(letter);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<TwinId> ReadDueAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
        string? kind, TwinId? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (IsBroken)
        {
            throw new IOException("the disk is full");
        }

        foreach (SessionChange change in changes)
        {
            if (Sessions.TryGetValue(change.Client, out StoredSession? row) && change.Claim.IsBefore(row.Claim))
            {
                continue;
            }

            if (change.Session is { } session)
            {
                Sessions[change.Client] = session;
            }
            else
            {
                Sessions.TryRemove(change.Client, out _);
            }
        }

        return Task.CompletedTask;
    }

    public Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken) =>
        Task.FromResult(Sessions.GetValueOrDefault(client));

    public IAsyncEnumerable<StoredSession> ReadSessionsAsync(CancellationToken cancellationToken) =>
        Sessions.Values.ToAsyncEnumerable();
}

/// <summary>Grains that write down which of their methods was called.</summary>
public sealed class RecordingGrains
{
    private readonly ConcurrentQueue<string> _calls = new();

    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>What a call does, and for which session.</summary>
    public Action<string, string> OnCall { get; set; } = (_, _) => { };

    public TwinPage Page { get; set; } = new([], null);

    /// <summary>How the fleet is listed; the page, unless it is set.</summary>
    public Func<Task<TwinPage>>? Listing { get; set; }

    public static IGrainFactory Factory(RecordingGrains grains)
    {
        IGrainFactory factory = DispatchProxy.Create<IGrainFactory, FactoryProxy>();
        ((FactoryProxy)(object)factory).Grains = grains;
        return factory;
    }

    private Task Call(string what, string recipient)
    {
        _calls.Enqueue(what);
        OnCall(what, recipient);
        return Task.CompletedTask;
    }

    public class FactoryProxy : DispatchProxy
    {
        public RecordingGrains Grains { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            string key = (string)args![0]!;
            if (targetMethod!.ReturnType == typeof(ITwinFleet))
            {
                ITwinFleet fleet = DispatchProxy.Create<ITwinFleet, GrainProxy>();
                ((GrainProxy)(object)fleet).Invoked =
                    (_, _) => Grains.Listing?.Invoke() ?? Task.FromResult(Grains.Page);
                return fleet;
            }

            ITwin twin = DispatchProxy.Create<ITwin, GrainProxy>();
            ((GrainProxy)(object)twin).Invoked =
                (method, recipient) => Grains.Call($"{method} {key}", recipient);
            return twin;
        }
    }

    public class GrainProxy : DispatchProxy
    {
        public Func<string, string, Task> Invoked { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            Invoked(targetMethod!.Name, args is [string recipient] ? recipient : "");
    }
}
