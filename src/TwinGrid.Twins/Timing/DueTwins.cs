using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Timing;

/// <summary>
/// Wakes twins that have something due of themselves: those that the timer wheel rings for, and, when the silo starts
/// or took over from one that died, all whose shard is here and that nobody remembers. Thread-safe.
/// </summary>
internal sealed partial class DueTwins(
    TwinRuntime runtime, ShardMap map, ILocalSiloDetails local, ILogger<DueTwins> logger) : IAsyncDisposable
{
    private const int WakeAtOnce = 32;
    private const long RetryAfter = 10 * UnixMicroseconds.PerSecond;

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private Task _waking = Task.CompletedTask;

    /// <summary>Wakes one twin.</summary>
    public void Wake(TwinId twin)
    {
        if (runtime.Active.Find(twin) is { } inbox)
        {
            inbox.Ring();
        }
        else
        {
            WakeGrainAsync(twin).Ignore();
        }
    }

    /// <summary>Looks through the store, after the look that is under way.</summary>
    public void WakeAll()
    {
        lock (_lock)
        {
            _waking = WakeAllAsync(_waking);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
        }

        await _waking;
        _stopping.Dispose();
    }

    private async Task WakeAllAsync(Task last)
    {
        await last.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await Parallel.ForEachAsync(
                runtime.Store.ReadDueAsync(_stopping.Token),
                new ParallelOptions { MaxDegreeOfParallelism = WakeAtOnce, CancellationToken = _stopping.Token },
                async (twin, _) => await WakeHereAsync(twin));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogWakingStopped();
        }
#pragma warning disable CA1031 // The silo serves without it: a twin that is asked for wakes by itself.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogWakingFailed(e);
        }
    }

    private Task WakeHereAsync(TwinId twin) =>
        map.Find(twin.ToGrainKey())?.Equals(local.SiloAddress) != false && runtime.Active.Find(twin) is null
            ? WakeGrainAsync(twin)
            : Task.CompletedTask;

    private async Task WakeGrainAsync(TwinId twin)
    {
        try
        {
            await runtime.Grains.GetGrain<ITwin>(twin.ToGrainKey()).SummarizeAsync();
        }
#pragma warning disable CA1031 // Whatever failed, it is tried again: something is due.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogWakeFailed(e, twin);
            runtime.Wheel.Schedule(twin, runtime.Now + RetryAfter);
        }
    }

    [LoggerMessage(LogLevel.Debug, "The silo stops before every twin with something due was woken.")]
    private partial void LogWakingStopped();

    [LoggerMessage(LogLevel.Error, "Twins with something due could not all be woken.")]
    private partial void LogWakingFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Twin {Twin} has something due and could not be woken.")]
    private partial void LogWakeFailed(Exception exception, TwinId twin);
}
