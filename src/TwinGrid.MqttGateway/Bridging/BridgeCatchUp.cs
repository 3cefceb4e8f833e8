using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// Asks twins what stands, for a broker that was not told of it for a while: once for each that has something retained,
/// and for those of which the broker retains something that may be over. Asks no faster than the answers leave.
/// Thread-safe.
/// </summary>
internal sealed partial class BridgeCatchUp(
    IGrainFactory grains, GatewayPeers peers, BridgeOutlet outlet, TimeProvider clock, ILogger<BridgeCatchUp> logger)
{
    private const int MostOpen = 262_144;
    private const int MostWaiting = 128;
    private const int MostTries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<TwinId> _open = [];

    // Null stands for all of them.
    private readonly Channel<TwinId?> _wishes = Channel.CreateUnbounded<TwinId?>();
    private bool _asksAll;
    private int _asked;

    /// <summary>A twin is to be asked.</summary>
    public void Ask(TwinId twin)
    {
        lock (_lock)
        {
            if (_open.Count >= MostOpen)
            {
                LogTooMany(MostOpen);
            }
            else if (_open.Add(twin))
            {
                _wishes.Writer.TryWrite(twin);
            }
        }
    }

    /// <summary>All that have something retained are to be asked.</summary>
    public void AskAll()
    {
        lock (_lock)
        {
            if (!_asksAll)
            {
                _asksAll = true;
                _wishes.Writer.TryWrite(null);
            }
        }
    }

    /// <summary>Asks, for as long as a connection lasts.</summary>
    public async Task RunAsync(CancellationToken over)
    {
        // What changes from now on must come here, so that nothing falls between it and the answers.
        await peers.SpreadAsync();
        AskAll();
        await foreach (TwinId? wish in _wishes.Reader.ReadAllAsync(over))
        {
            // From here on the same wish may come again: what it asks for may have changed.
            lock (_lock)
            {
                _asksAll &= wish is not null;
                _open.Remove(wish ?? default);
            }

            if (wish is { } twin)
            {
                await AskAsync(twin, over);
            }
            else
            {
                await TryAsync(() => AskFleetAsync(over), "the fleet", over);
            }
        }
    }

    private async Task AskFleetAsync(CancellationToken over)
    {
        await foreach (TwinId twin in RetainedFleet.ReadAsync(grains, over))
        {
            await AskAsync(twin, over);
        }
    }

    private async Task AskAsync(TwinId twin, CancellationToken over)
    {
        await TryAsync(
            () => grains.GetGrain<ITwin>(twin.ToGrainKey()).RepublishAsync(outlet.Token).WaitAsync(over),
            twin.ToString(),
            over);
        if (++_asked % MostWaiting == 0)
        {
            while (!outlet.IsEmpty)
            {
                await Task.Delay(Pause, clock, over);
            }
        }
    }

    private async Task TryAsync(Func<Task> ask, string what, CancellationToken over)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                await ask();
                return;
            }
            catch (Exception e) when (!over.IsCancellationRequested)
            {
                if (tries == MostTries)
                {
                    LogFailed(e, what, tries);
                    return;
                }

                await Task.Delay(AfterFailure * tries, clock, over);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the broker may retain what is over: {What} did not say what stands after {Tries} tries")]
    private partial void LogFailed(Exception exception, string what, int tries);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the broker retains something of more than {Most} twins: not all of them are asked what stands")]
    private partial void LogTooMany(int most);
}
