using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// When silos came or went, asks the active twins whose shard is elsewhere now to go, so many per second. Until then
/// they live well where they are: the directory knows them, only each of their messages is a grain call. It looks
/// again a little later: for twins that were being loaded, and for those that silos placed here which heard of the
/// change after this one. Thread-safe.
/// </summary>
internal sealed partial class ShardMover(
    ActiveTwins active,
    ShardMap map,
    ILocalSiloDetails local,
    IOptions<TwinsHostingOptions> options,
    TimeProvider clock,
    ILogger<ShardMover> logger) : IAsyncDisposable
{
    private const int TicksPerSecond = 20;

    /// <summary>
    /// When it looks after a change. Each silo waits for one that joins by itself, up to 15 s (<see cref="Newcomers"/>).
    /// </summary>
    private static readonly TimeSpan[] s_looks = [TimeSpan.Zero, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)];

    private static readonly Counter<long> s_moved = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.twins.moved", "{twin}", "Twins that were asked to go because their place is on another silo.");

    private readonly CancellationTokenSource _stopping = new();
    private readonly Queue<TwinId> _astray = new();
    private Task _moving = Task.CompletedTask;

    /// <summary>Begins to look.</summary>
    public void Start() => _moving = Task.Run(MoveAsync);

    /// <summary>Asks nobody any more.</summary>
    public async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        await _moving.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task MoveAsync()
    {
        object? seen = null;
        long changedAt = 0;
        int looks = 0;
        double due = 0;
        using PeriodicTimer tick = new(TimeSpan.FromSeconds(1) / TicksPerSecond, clock);
        while (await TickAsync(tick).ConfigureAwait(false))
        {
            object view = map.View;
            if (view != seen)
            {
                (seen, changedAt, looks) = (view, clock.GetTimestamp(), 0);
            }

            if (looks < s_looks.Length && clock.GetElapsedTime(changedAt) >= s_looks[looks])
            {
                looks++;
                FindAstray();
            }

            due = _astray.Count == 0 ? 0 : due + ((double)options.Value.MovesPerSecond / TicksPerSecond);
            for (; due >= 1 && _astray.TryDequeue(out TwinId twin); due--)
            {
                Move(twin);
            }
        }
    }

    private async Task<bool> TickAsync(PeriodicTimer tick)
    {
        try
        {
            return await tick.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void FindAstray()
    {
        _astray.Clear();
        foreach ((TwinId twin, _) in active.All)
        {
            if (IsElsewhere(twin))
            {
                _astray.Enqueue(twin);
            }
        }

        if (_astray.Count > 0)
        {
            LogMoving(_astray.Count, options.Value.MovesPerSecond);
        }
    }

    private void Move(TwinId twin)
    {
        if (active.Find(twin) is { } inbox && IsElsewhere(twin))
        {
            s_moved.Add(1);
            inbox.Go();
        }
    }

    private bool IsElsewhere(TwinId twin) => map.Find(twin.ToGrainKey())?.Equals(local.SiloAddress) == false;

    [LoggerMessage(
        LogLevel.Information, "The place of {Count} twins is on other silos now; {PerSecond} of them go per second.")]
    private partial void LogMoving(int count, int perSecond);
}
