using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Asks twins, beside the packets' path, to publish to a new subscriber alone what it is owed. The answer comes with
/// the twin's effects, in their order, so that nothing old arrives after something newer. Commands have a lane of their
/// own, so that nobody who asks for everything holds up a device; what is asked for already is not asked for twice;
/// and nothing is asked for while its session has no room for the answer, so that what waits in the twins is drawn as
/// the session empties. Thread-safe.
/// </summary>
internal sealed partial class CatchUp(
    IGrainFactory grains, RetainedTopics retained, GatewayPeers peers, TimeProvider clock, ILogger<CatchUp> logger)
    : IDisposable
{
    private const int Capacity = 65_536;
    private const int AtOnce = 4;
    private const int MostTries = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private static readonly Counter<long> Dropped = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.catchup.dropped",
        "{wish}",
        "subscriptions whose twins were not asked for what is owed: too many at once, or the twin never answered");

    private readonly Channel<Wish> _commands = Lane();
    private readonly Channel<Wish> _retained = Lane();
    private readonly ConcurrentDictionary<(TwinId?, string?, string), bool> _open = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _working = Task.CompletedTask;

    // How often the fleet was to be listed, and after which of these it was.
    private readonly SemaphoreSlim _listing = new(1);
    private long _fleet = 1;
    private long _knownFleet;

    /// <summary>A device subscribed to its commands: those that wait are to be sent.</summary>
    /// <param name="twin">Whose commands.</param>
    /// <param name="recipient">The session.</param>
    public void Commands(TwinId twin, MqttSession recipient) => Ask(new Wish(twin, null, recipient, 1));

    /// <summary>Somebody subscribed to what is retained of a twin or of many.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="recipient">The session.</param>
    public void Retained(TopicFilter filter, MqttSession recipient) => Ask(new Wish(null, filter, recipient, 1));

    /// <summary>Twins may have something retained that was not heard of: they are listed again.</summary>
    public void ForgetFleet() => Interlocked.Increment(ref _fleet);

    /// <summary>Begins to ask.</summary>
    public void Start() => _working = Task.WhenAll(
        Enumerable.Range(0, 2 * AtOnce).Select(i => Task.Run(() => WorkAsync(i < AtOnce ? _commands : _retained))));

    /// <summary>Stops asking; what was not asked yet is asked by the next subscription.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _working;
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    // A full lane waits for nobody: a command that was not asked for stays in its twin, and the device's next
    // subscription asks anew.
    private static Channel<Wish> Lane() => Channel.CreateBounded<Wish>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });

    private void Ask(Wish wish)
    {
        if (!_open.TryAdd(wish.Key, true))
        {
            return;
        }

        if (!(wish.Filter is null ? _commands : _retained).Writer.TryWrite(wish))
        {
            _open.TryRemove(wish.Key, out _);
            Dropped.Add(1);
        }
    }

    private async Task WorkAsync(Channel<Wish> lane)
    {
        try
        {
            await foreach (Wish wish in lane.Reader.ReadAllAsync(_stopping.Token))
            {
                // From here on the same wish may come again: what it asks for may have changed.
                _open.TryRemove(wish.Key, out _);

                // What is told from now on must come here, so that nothing falls between it and the answer.
                await peers.SpreadAsync();
                await FulfilAsync(wish);
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
    }

    private async Task FulfilAsync(Wish wish)
    {
        if (wish.Recipient.MustWaitForRoom(() => Ask(wish)) is not false)
        {
            return;
        }

        string recipient = wish.Recipient.Token;
        try
        {
            if (wish.Filter is not { } filter)
            {
                await Twin(wish.Twin!.Value).RedeliverAsync(recipient).WaitAsync(_stopping.Token);
            }
            else if (filter.Twin is { } twin)
            {
                await Twin(twin).RepublishAsync(recipient).WaitAsync(_stopping.Token);
            }
            else
            {
                await AskManyAsync(wish, filter);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            if (wish.Try < MostTries)
            {
                _ = TryAgainAsync(wish);
                return;
            }

            Dropped.Add(1);
            LogFailed(e, wish.Filter?.Text ?? $"the commands of {wish.Twin}", MostTries);
        }
    }

    /// <summary>The twin or its store did not answer: a little later it may.</summary>
    private async Task TryAgainAsync(Wish wish)
    {
        await Task.Delay(FirstPause * Math.Pow(2, wish.Try - 1), clock, _stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stopping.IsCancellationRequested)
        {
            Ask(wish with { Try = wish.Try + 1 });
        }
    }

    /// <summary>Asks one twin after the other, and goes on later where the session has no room for more.</summary>
    private async Task AskManyAsync(Wish wish, TopicFilter filter)
    {
        Queue<TwinId>? twins = wish.Left;
        if (twins is null)
        {
            await LearnFleetAsync();
            twins = new Queue<TwinId>(retained.Twins.Where(filter.MayMatch));
        }

        while (twins.TryPeek(out TwinId twin))
        {
            if (wish.Recipient.MustWaitForRoom(() => Ask(wish with { Left = twins })) is not false)
            {
                return;
            }

            await Twin(twin).RepublishAsync(wish.Recipient.Token).WaitAsync(_stopping.Token);
            twins.Dequeue();
        }
    }

    /// <summary>
    /// Learns, once per process and after every loss, which twins have something retained that was not heard of. A loss
    /// that is told while they are listed asks for another list.
    /// </summary>
    private async Task LearnFleetAsync()
    {
        if (Volatile.Read(ref _knownFleet) == Volatile.Read(ref _fleet))
        {
            return;
        }

        await _listing.WaitAsync(_stopping.Token);
        try
        {
            long fleet = Volatile.Read(ref _fleet);
            if (_knownFleet == fleet)
            {
                return;
            }

            await foreach (TwinId twin in RetainedFleet.ReadAsync(grains, _stopping.Token))
            {
                retained.Note(twin);
            }

            Volatile.Write(ref _knownFleet, fleet);
        }
        finally
        {
            _listing.Release();
        }
    }

    private ITwin Twin(TwinId twin) => grains.GetGrain<ITwin>(twin.ToGrainKey());

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "could not ask for what a subscriber is owed after {Tries} tries: {What}")]
    private partial void LogFailed(Exception exception, string what, int tries);

    private sealed record Wish(TwinId? Twin, TopicFilter? Filter, MqttSession Recipient, int Try)
    {
        /// <summary>The twins of a filter of many that were not asked yet; null before the first.</summary>
        public Queue<TwinId>? Left { get; init; }

        public (TwinId?, string?, string) Key => (Twin, Filter?.Text, Recipient.Token);
    }
}
