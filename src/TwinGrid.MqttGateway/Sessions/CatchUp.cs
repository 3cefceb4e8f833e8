using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Asks twins, beside the packets' path, to publish to a new subscriber alone what it is owed. The answer comes with
/// the twin's effects, in their order, so that nothing old arrives after something newer. Thread-safe.
/// </summary>
internal sealed partial class CatchUp(IGrainFactory grains, StandingAlarms alarms, ILogger<CatchUp> logger)
    : IDisposable
{
    private const int Capacity = 65_536;
    private const int AtOnce = 4;

    // A full queue waits for nobody: a command that was not asked for again stays in its twin, and the device's next
    // subscription asks anew.
    private readonly Channel<Wish> _wishes = Channel.CreateBounded<Wish>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });

    private readonly CancellationTokenSource _stopping = new();
    private Task _working = Task.CompletedTask;
    private bool _isFleetKnown;

    /// <summary>A device subscribed to its commands: those that wait are to be sent.</summary>
    /// <param name="twin">Whose commands.</param>
    /// <param name="recipient">The session's token.</param>
    public void Commands(TwinId twin, string recipient) => Ask(new Wish(twin, null, recipient));

    /// <summary>Somebody subscribed to what is retained of a twin or of many.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="recipient">The session's token.</param>
    public void Retained(TopicFilter filter, string recipient) => Ask(new Wish(null, filter, recipient));

    /// <summary>Begins to ask.</summary>
    public void Start() =>
        _working = Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(WorkAsync)));

    /// <summary>Stops asking; what was not asked yet is asked by the next subscription.</summary>
    public async Task StopAsync()
    {
        _wishes.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _working;
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void Ask(Wish wish)
    {
        if (!_wishes.Writer.TryWrite(wish))
        {
            LogFull();
        }
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (Wish wish in _wishes.Reader.ReadAllAsync(_stopping.Token))
            {
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
        try
        {
            if (wish.Filter is not { } filter)
            {
                await Twin(wish.Twin!.Value).RedeliverAsync(wish.Recipient).WaitAsync(_stopping.Token);
            }
            else if (filter.Twin is { } twin)
            {
                await Twin(twin).RepublishAsync(wish.Recipient).WaitAsync(_stopping.Token);
            }
            else
            {
                await AskManyAsync(filter, wish.Recipient);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            LogFailed(e, wish.Filter?.Text ?? $"the commands of {wish.Twin}");
        }
    }

    private async Task AskManyAsync(TopicFilter filter, string recipient)
    {
        await LearnFleetAsync();
        foreach (TwinId twin in alarms.Twins)
        {
            if (filter.MayMatch(twin))
            {
                await Twin(twin).RepublishAsync(recipient).WaitAsync(_stopping.Token);
            }
        }
    }

    /// <summary>Learns, once per process, which twins had alarms before its start.</summary>
    private async Task LearnFleetAsync()
    {
        if (Volatile.Read(ref _isFleetKnown))
        {
            return;
        }

        ITwinFleet fleet = grains.GetGrain<ITwinFleet>(TwinId.DefaultTenant);
        string? cursor = null;
        do
        {
            TwinPage page = await fleet.ListAsync(null, cursor, 1_000).WaitAsync(_stopping.Token);
            foreach (TwinSummary summary in page.Items.Where(summary => summary.ActiveAlarms > 0))
            {
                alarms.Note(TwinId.Parse(summary.Id));
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
        Volatile.Write(ref _isFleetKnown, true);
    }

    private ITwin Twin(TwinId twin) => grains.GetGrain<ITwin>(twin.ToGrainKey());

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "too many subscriptions at once: what they are owed was not asked for")]
    private partial void LogFull();

    [LoggerMessage(Level = LogLevel.Warning, Message = "could not ask for what a subscriber is owed: {What}")]
    private partial void LogFailed(Exception exception, string what);

    private readonly record struct Wish(TwinId? Twin, TopicFilter? Filter, string Recipient);
}
