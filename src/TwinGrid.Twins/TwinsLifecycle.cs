using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins;

/// <summary>
/// Starts and stops the twins of a silo: the store first, then the definitions, the clock, and the twins that have
/// something due. Of a silo without twins, the store and the road.
/// </summary>
internal sealed partial class TwinsLifecycle(
    TwinRuntime runtime,
    IOptions<TwinsHostingOptions> hosting,
    IOptionsMonitor<ControlOptions> control,
    ILogger<TwinsLifecycle> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const int WakeAtOnce = 32;
    private const long RetryAfter = 10 * UnixMicroseconds.PerSecond;

    private readonly bool _hostsTwins = hosting.Value.HostsTwins;
    private readonly CancellationTokenSource _stopping = new();
    private IDisposable? _modeChanges;
    private Task _waking = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(
            nameof(TwinsLifecycle), ServiceLifecycleStage.RuntimeStorageServices, OpenStoreAsync, CloseStoreAsync);
        lifecycle.Subscribe(nameof(TwinsLifecycle), ServiceLifecycleStage.Active, StartAsync, StopAsync);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task OpenStoreAsync(CancellationToken cancellationToken)
    {
        if (_hostsTwins)
        {
            runtime.Kinds.Check();
            runtime.Active.Observe();
            runtime.Committer.Observe();
            runtime.Watching.Observe();
        }

        await runtime.Store.InitializeAsync(cancellationToken);
    }

    private async Task CloseStoreAsync(CancellationToken cancellationToken)
    {
        // What waits for a commit hears of it; then nothing is left that could answer those who still wait.
        await runtime.Committer.DisposeAsync();
        runtime.Road.Close();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_hostsTwins)
        {
            return;
        }

        await runtime.Kinds.PublishAsync();
        runtime.Wheel.Start(Wake);
        runtime.Sealer.Start();
        _modeChanges = control.OnChange(_ => TickAll());
        _waking = Task.Run(WakeAllDueAsync, CancellationToken.None);
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        runtime.Stop();
        runtime.Committer.Stop();
        _modeChanges?.Dispose();
        await _stopping.CancelAsync();
        await _waking;
        await runtime.Sealer.DisposeAsync();
        await runtime.Wheel.DisposeAsync();
    }

    private void Wake(TwinId twin)
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

    // The kill switch is obeyed at once: every twin looks at what it has queued.
    private void TickAll()
    {
        LogMode(control.CurrentValue.Mode);
        foreach ((TwinId twin, TwinInbox inbox) in runtime.Active.All)
        {
            inbox.TryPost(new TwinCall(twin, PackedInputs.Pack(InputKind.Tick, runtime.Now)));
        }
    }

    private async Task WakeAllDueAsync()
    {
        try
        {
            await Parallel.ForEachAsync(
                runtime.Store.ReadDueAsync(_stopping.Token),
                new ParallelOptions { MaxDegreeOfParallelism = WakeAtOnce, CancellationToken = _stopping.Token },
                async (twin, _) => await WakeGrainAsync(twin));
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

    [LoggerMessage(LogLevel.Information, "TwinGrid:Control:Mode is {Mode} now.")]
    private partial void LogMode(ControlMode mode);

    [LoggerMessage(LogLevel.Debug, "The silo stops before every twin with something due was woken.")]
    private partial void LogWakingStopped();

    [LoggerMessage(LogLevel.Error, "Twins with something due could not all be woken.")]
    private partial void LogWakingFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Twin {Twin} has something due and could not be woken.")]
    private partial void LogWakeFailed(Exception exception, TwinId twin);
}
