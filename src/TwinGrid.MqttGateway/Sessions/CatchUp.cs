using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Asks twins, beside the packets' path, to publish again what a new subscriber has missed. Alarms are asked for once
/// per twin and process: from then on the listener's retained copies follow every change. Thread-safe.
/// </summary>
internal sealed partial class CatchUp(IGrainFactory grains, ILogger<CatchUp> logger) : IDisposable
{
    private const int Capacity = 65_536;
    private const int AtOnce = 4;
    private const int MaxRemembered = 1_000_000;

    // A full queue waits for nobody: a command that was not asked for again stays in its twin, and the device's next
    // subscription asks anew.
    private readonly Channel<Wish> _wishes = Channel.CreateBounded<Wish>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });

    private readonly ConcurrentDictionary<TwinId, bool> _alarmsKnown = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _working = Task.CompletedTask;
    private int _allAlarmsKnown;
    private int _remembered;

    private enum Want : byte
    {
        Commands,
        Alarms,
        AllAlarms,
    }

    /// <summary>A device subscribed to its commands: those that wait are to be sent.</summary>
    public void Commands(TwinId twin) => Ask(new Wish(twin, Want.Commands));

    /// <summary>Somebody subscribed to a twin's alarms.</summary>
    public void Alarms(TwinId twin)
    {
        if (Remember(twin))
        {
            Ask(new Wish(twin, Want.Alarms));
        }
    }

    /// <summary>Somebody subscribed to the alarms of many twins.</summary>
    public void AllAlarms()
    {
        if (Interlocked.Exchange(ref _allAlarmsKnown, 1) == 0)
        {
            Ask(new Wish(default, Want.AllAlarms));
        }
    }

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
            LogFull(wish.Want.ToString());
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
            switch (wish.Want)
            {
                case Want.Commands:
                    await Twin(wish.Twin).RedeliverAsync().WaitAsync(_stopping.Token);
                    break;
                case Want.Alarms:
                    await Twin(wish.Twin).RepublishAlarmsAsync().WaitAsync(_stopping.Token);
                    break;
                default:
                    await AskForAllAlarmsAsync();
                    break;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            Forget(wish);
            LogFailed(e, wish.Want.ToString(), wish.Twin);
        }
    }

    private async Task AskForAllAlarmsAsync()
    {
        ITwinFleet fleet = grains.GetGrain<ITwinFleet>(TwinId.DefaultTenant);
        string? cursor = null;
        do
        {
            TwinPage page = await fleet.ListAsync(null, cursor, 1_000).WaitAsync(_stopping.Token);
            foreach (TwinSummary summary in page.Items)
            {
                TwinId twin = TwinId.Parse(summary.Id);
                if (summary.ActiveAlarms > 0 && Remember(twin))
                {
                    await Twin(twin).RepublishAlarmsAsync().WaitAsync(_stopping.Token);
                }
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
    }

    /// <summary>Remembers whose alarms are known; a full memory begins anew, and some are asked for twice.</summary>
    private bool Remember(TwinId twin)
    {
        if (!_alarmsKnown.TryAdd(twin, true))
        {
            return false;
        }

        if (Interlocked.Increment(ref _remembered) > MaxRemembered)
        {
            Interlocked.Exchange(ref _remembered, 0);
            _alarmsKnown.Clear();
        }

        return true;
    }

    private void Forget(Wish wish)
    {
        if (wish.Want == Want.AllAlarms)
        {
            Volatile.Write(ref _allAlarmsKnown, 0);
        }
        else if (wish.Want == Want.Alarms)
        {
            _alarmsKnown.TryRemove(wish.Twin, out _);
        }
    }

    private ITwin Twin(TwinId twin) => grains.GetGrain<ITwin>(twin.ToGrainKey());

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "too many subscriptions at once: {Want} were not asked for again")]
    private partial void LogFull(string want);

    [LoggerMessage(Level = LogLevel.Warning, Message = "could not ask for {Want} of {Twin} again")]
    private partial void LogFailed(Exception exception, string want, TwinId twin);

    private readonly record struct Wish(TwinId Twin, Want Want);
}
