using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// When silos came or went, asks the active twins whose shard is elsewhere now to go, so many per second. Until then
/// they live well where they are: the directory knows them, only each of their messages is a grain call. Thread-safe.
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
        double due = 0;
        using PeriodicTimer tick = new(TimeSpan.FromSeconds(1) / TicksPerSecond, clock);
        while (await TickAsync(tick).ConfigureAwait(false))
        {
            object view = map.View;
            if (view != seen)
            {
                seen = view;
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
