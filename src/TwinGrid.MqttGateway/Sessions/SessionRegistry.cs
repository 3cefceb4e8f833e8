using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Begins and ends sessions: at the end every twin that the session fed hears that its device is gone. Thread-safe.
/// </summary>
internal sealed partial class SessionRegistry : IDisposable
{
    private const int AtOnce = 32;

    private static readonly UpDownCounter<int> Open = TwinGridDiagnostics.Meter.CreateUpDownCounter<int>(
        "twingrid.mqtt.sessions", "{session}", "MQTT sessions that are open");

    private readonly ITwinIngest _ingest;
    private readonly Subscriptions _subscriptions;
    private readonly TimeProvider _clock;
    private readonly ILogger<SessionRegistry> _logger;
    private readonly string _incarnation;
    private readonly Drain _farewells = new();
    private readonly CancellationTokenSource _cut = new();
    private long _sessions;

    public SessionRegistry(
        ITwinIngest ingest, Subscriptions subscriptions, TimeProvider clock, ILogger<SessionRegistry> logger)
    {
        _ingest = ingest;
        _subscriptions = subscriptions;
        _clock = clock;
        _logger = logger;
        _incarnation = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
    }

    /// <summary>A client identifier for a client that has none (MQTT 5 section 3.1.3.1).</summary>
    public string NewClientId() =>
        string.Create(CultureInfo.InvariantCulture, $"twingrid-{_incarnation}-{Interlocked.Increment(ref _sessions)}");

    /// <summary>
    /// Begins a session. Its id holds this process's incarnation and a number, so that it is never used again and the
    /// late end of a session that was taken over cannot speak for the one that followed.
    /// </summary>
    public MqttSession Begin(string client)
    {
        Open.Add(1);
        long number = Interlocked.Increment(ref _sessions);
        return new MqttSession(string.Create(CultureInfo.InvariantCulture, $"{_incarnation}-{number}"), client);
    }

    /// <summary>
    /// Begins a session that goes on with the subscriptions of one that it took over (MQTT 5 section 4.1), whose client
    /// need not subscribe again.
    /// </summary>
    public MqttSession Begin(string client, MqttSession takenOver)
    {
        MqttSession session = Begin(client);
        foreach (TopicFilter filter in takenOver.Filters())
        {
            session.TryAddFilter(filter);
            _subscriptions.Add(session, filter);
        }

        return session;
    }

    /// <summary>
    /// Ends a session, cleanly or not: its filters go at once; that its twins' device is gone is told beside the
    /// packets' path, since the listener cannot connect anybody else meanwhile. Only the first call counts.
    /// </summary>
    public void End(MqttSession session)
    {
        if (!session.TryEnd())
        {
            return;
        }

        Open.Add(-1);
        _subscriptions.RemoveAll(session);
        if (_farewells.TryEnter())
        {
            _ = SayGoneAsync(session);
        }
    }

    /// <summary>Ends when all twins of ended sessions have heard of it.</summary>
    /// <param name="cancellationToken">Ends the patience.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration cut = cancellationToken.Register(_cut.Cancel);
        await _farewells.CloseAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _cut.Dispose();

    private async Task SayGoneAsync(MqttSession session)
    {
        TwinId[] fed = await session.TakeFedAsync();
        byte[] gone = PackedInputs.Pack(
            InputKind.Presence,
            UnixMicroseconds.Now(_clock),
            new PresenceInput(false, session.Id),
            TwinGridJson.Default.PresenceInput);
        try
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = _cut.Token };
            await Parallel.ForEachAsync(fed, options, async (twin, stop) => await SayGoneAsync(twin, gone, stop));
        }
        catch (OperationCanceledException)
        {
            LogCut(session.Client, fed.Length);
        }
        finally
        {
            _farewells.Exit();
        }
    }

    private async Task SayGoneAsync(TwinId twin, byte[] gone, CancellationToken cancellationToken)
    {
        try
        {
            IngestResult result = await _ingest.IngestAsync(twin, gone, cancellationToken);
            if (result.Status != IngestStatus.Accepted)
            {
                LogNotTold(twin, result.Status);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, twin);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "stopped before all {Count} twins of the client '{Client}' heard that it is gone")]
    private partial void LogCut(string client, int count);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Twin} did not hear that its device is gone: {Status}")]
    private partial void LogNotTold(TwinId twin, IngestStatus status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Twin} could not be told that its device is gone")]
    private partial void LogFailed(Exception exception, TwinId twin);
}
