using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;
using TwinGrid.Twins.Timing;

namespace TwinGrid.Twins;

/// <summary>
/// Starts and stops the twins of a silo: the store first, then the definitions, the clock, and the twins that have
/// something due. Of a silo without twins, the store and the road.
/// </summary>
internal sealed partial class TwinsLifecycle(
    TwinRuntime runtime,
    DueTwins due,
    Newcomers newcomers,
    WarmUp warmUp,
    ShardMover mover,
    Departure departure,
    IOptions<TwinsHostingOptions> hosting,
    IOptionsMonitor<ControlOptions> control,
    ILogger<TwinsLifecycle> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const int PublishAttempts = 20;

    private static readonly TimeSpan s_publishPause = TimeSpan.FromMilliseconds(500);

    private readonly bool _hostsTwins = hosting.Value.HostsTwins;
    private IDisposable? _modeChanges;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(
            nameof(TwinsLifecycle), ServiceLifecycleStage.RuntimeStorageServices, OpenStoreAsync, CloseStoreAsync);
        lifecycle.Subscribe(nameof(TwinsLifecycle), ServiceLifecycleStage.Active, StartAsync, StopAsync);

        // Before anything else of the silo stops: its twins go while it still answers for them.
        lifecycle.Subscribe(
            nameof(TwinsLifecycle), ServiceLifecycleStage.Active + 1, static _ => Task.CompletedTask, LeaveAsync);
    }

    public void Dispose() => _modeChanges?.Dispose();

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
        await runtime.Lease.StartAsync();
    }

    private async Task CloseStoreAsync(CancellationToken cancellationToken)
    {
        // What waits for a commit hears of it; then nothing is left that could answer those who still wait.
        await runtime.Committer.DisposeAsync();
        runtime.Road.Close();
        await runtime.Lease.ReleaseAsync();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        newcomers.Start();
        if (!_hostsTwins)
        {
            return;
        }

        await PublishKindsAsync(cancellationToken);
        runtime.Wheel.Start(due.Wake);
        runtime.Sealer.Start();
        _modeChanges = control.OnChange(_ => RingAll());
        due.WakeAll();
        runtime.Dead.Start(due.WakeAll);
        mover.Start();
        await warmUp.RunAsync();
    }

    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await newcomers.StopAsync();
        if (_hostsTwins)
        {
            await mover.StopAsync();
            await departure.LeaveAsync(cancellationToken);
        }
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        runtime.Stop();
        runtime.Committer.Stop();
        _modeChanges?.Dispose();
        await runtime.Dead.StopAsync();
        await due.DisposeAsync();
        await runtime.Sealer.DisposeAsync();
        await runtime.Wheel.DisposeAsync();
    }

    // Another silo may be dying with the grains that are asked, or the database coming back: it passes.
    private async Task PublishKindsAsync(CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await runtime.Kinds.PublishAsync();
                return;
            }
            catch (TwinGridUnavailableException e) when (attempt < PublishAttempts)
            {
                LogPublishAgain(e.Message);
            }

            await Task.Delay(s_publishPause, runtime.Clock, cancellationToken);
        }
    }

    // The kill switch is obeyed at once: every twin looks at what it has queued.
    private void RingAll()
    {
        LogMode(control.CurrentValue.Mode);
        foreach ((_, TwinInbox inbox) in runtime.Active.All)
        {
            inbox.Ring();
        }
    }

    [LoggerMessage(LogLevel.Information, "TwinGrid:Control:Mode is {Mode} now.")]
    private partial void LogMode(ControlMode mode);

    [LoggerMessage(LogLevel.Warning, "The definitions are published once more: {Reason}")]
    private partial void LogPublishAgain(string reason);
}
