using System.Globalization;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// The beginning and the end of what connections prove: when one has ended, every twin that it fed hears that its
/// device is gone, and when its session goes on, that it is back. Thread-safe.
/// </summary>
internal sealed partial class Farewells : IDisposable
{
    private const int AtOnce = 32;

    /// <summary>How long the gateway that goes on with a session has to say so to its twins.</summary>
    private static readonly TimeSpan HandingOver = TimeSpan.FromSeconds(2);

    private readonly ITwinIngest _ingest;
    private readonly TimeProvider _clock;
    private readonly ILogger<Farewells> _logger;
    private readonly GatewayPeers _peers;
    private readonly Drain _telling = new();
    private readonly CancellationTokenSource _cut = new();
    private readonly CancellationTokenSource _stopping = new();
    private long _presences;

    public Farewells(ITwinIngest ingest, GatewayPeers peers, TimeProvider clock, ILogger<Farewells> logger)
    {
        _ingest = ingest;
        _clock = clock;
        _logger = logger;
        _peers = peers;
    }

    /// <summary>
    /// Begins the presence of a connection. Its id holds this gateway's name and a number, so that it is never used
    /// again, the late end of a connection that was taken over cannot speak for the one that followed, and twins know
    /// whose end ends it. The twins that the session's last connection fed hear of it at once.
    /// </summary>
    /// <param name="session">The session.</param>
    public DevicePresence Begin(MqttSession session)
    {
        DevicePresence presence = new(_peers.Token(Interlocked.Increment(ref _presences)));
        Greet(session.Follow(presence), presence);
        return presence;
    }

    /// <summary>
    /// Another gateway says which twins the session's last connection fed there: they hear of the one here, now or when
    /// it begins.
    /// </summary>
    public void GoOn(MqttSession session, IReadOnlyList<TwinId> fedElsewhere)
    {
        if (session.NoteFed(fedElsewhere) is { } presence)
        {
            Greet(fedElsewhere, presence);
        }
    }

    /// <summary>
    /// Says to every twin that an ended connection fed that its device is gone: once what it still feeds is answered,
    /// and beside the connection's own end. Saying it again says nothing.
    /// </summary>
    public void Say(DevicePresence presence)
    {
        if (_telling.TryEnter())
        {
            _ = SayAsync(presence);
        }
    }

    /// <summary>Ends when all twins of ended connections have heard of it.</summary>
    /// <param name="cancellationToken">Ends the patience.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        using CancellationTokenRegistration cut = cancellationToken.Register(_cut.Cancel);
        await _telling.CloseAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cut.Dispose();
        _stopping.Dispose();
    }

    private void Greet(IReadOnlyList<TwinId> known, DevicePresence presence)
    {
        if (known.Count > 0 && _telling.TryEnter())
        {
            _ = GreetAsync(known, presence);
        }
    }

    private async Task GreetAsync(IReadOnlyList<TwinId> known, DevicePresence presence)
    {
        try
        {
            byte[] here = Word(true, presence);
            await ForEachAsync(known, async (twin, stop) =>
            {
                if (presence.TryBeginFeed())
                {
                    presence.Remember(twin);
                    if (await TellAsync(twin, here, stop) == IngestStatus.UnknownTwin)
                    {
                        presence.Forget(twin);
                    }

                    presence.EndFeed();
                }
            });
        }
        catch (OperationCanceledException)
        {
            LogCut(presence.Id, known.Count);
        }
        finally
        {
            _telling.Exit();
        }
    }

    private async Task SayAsync(DevicePresence presence)
    {
        int count = 0;
        try
        {
            TwinId[] fed = await presence.TakeFedAsync().WaitAsync(_cut.Token);
            if (presence.IsHandedOver)
            {
                await Task.Delay(HandingOver, _clock, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            count = fed.Length;
            byte[] gone = Word(false, presence);
            await ForEachAsync(fed, async (twin, stop) => await TellAsync(twin, gone, stop));
        }
        catch (OperationCanceledException)
        {
            LogCut(presence.Id, count);
        }
        finally
        {
            _telling.Exit();
        }
    }

    private Task ForEachAsync(
        IReadOnlyList<TwinId> twins, Func<TwinId, CancellationToken, ValueTask> tell) => Parallel.ForEachAsync(
        twins, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = _cut.Token }, tell);

    private byte[] Word(bool online, DevicePresence presence) => PackedInputs.Pack(
        InputKind.Presence,
        UnixMicroseconds.Now(_clock),
        new PresenceInput(online, presence.Id),
        TwinGridJson.Default.PresenceInput);

    private async Task<IngestStatus> TellAsync(TwinId twin, byte[] word, CancellationToken cancellationToken)
    {
        try
        {
            IngestResult result = await _ingest.IngestAsync(twin, word, cancellationToken);
            if (result.Status != IngestStatus.Accepted)
            {
                LogNotTold(twin, result.Status);
            }

            return result.Status;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, twin);
            return IngestStatus.Failed;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "stopped before all twins of connection {Presence} ({Count} known) heard whether it is there")]
    private partial void LogCut(string presence, int count);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Twin} did not hear whether its device is there: {Status}")]
    private partial void LogNotTold(TwinId twin, IngestStatus status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Twin} could not be told whether its device is there")]
    private partial void LogFailed(Exception exception, TwinId twin);
}
