using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// A silo that joins is active before its twins can be: it still starts, and its code is cold. Each silo asks it and
/// places nothing there before it has answered, so that nobody waits for its start. Silos without twins are no places
/// and are not asked. Thread-safe.
/// </summary>
internal sealed partial class Newcomers(
    ShardMap map,
    TwinIngestServiceClient others,
    IClusterMembershipService membership,
    ILocalSiloDetails local,
    TimeProvider clock,
    ILogger<Newcomers> logger) : IAsyncDisposable
{
    /// <summary>One that does not answer for so long, as one of an older version, counts as ready.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    /// <summary>From now on silos that join are waited for; those that are there already are ready.</summary>
    public void Start()
    {
        map.Settle(Active(membership.CurrentSnapshot));
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Waits for nobody any more.</summary>
    public async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        await _watching.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        HashSet<SiloAddress> known = [];
        try
        {
            await foreach (ClusterMembershipSnapshot cluster in membership.MembershipUpdates
                .WithCancellation(_stopping.Token).ConfigureAwait(false))
            {
                HashSet<SiloAddress> active = [.. Active(cluster)];
                known.IntersectWith(active);
                foreach (SiloAddress silo in active.Where(silo => !map.IsSettled(silo) && known.Add(silo)))
                {
                    WaitForAsync(silo).Ignore();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Nobody is waited for any more.
        }
#pragma warning disable CA1031 // The silo serves on; that it gives no twins to silos that join must be known.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogBlind(e);
        }
    }

    private async Task WaitForAsync(SiloAddress silo)
    {
        long start = clock.GetTimestamp();
        while (map.HostsTwins(silo) is not { } hosts || (hosts && !await IsReadyAsync(silo).ConfigureAwait(false)))
        {
            if (clock.GetElapsedTime(start) >= s_patience)
            {
                LogSilent(silo, s_patience.TotalSeconds);
                map.Settle([silo]);
                return;
            }

            await Task.Delay(s_pause, clock, _stopping.Token).ConfigureAwait(false);
        }

        if (map.HostsTwins(silo) == true)
        {
            LogReady(silo, clock.GetElapsedTime(start).TotalSeconds);
            map.Settle([silo]);
        }
    }

    private async Task<bool> IsReadyAsync(SiloAddress silo)
    {
        try
        {
            await others.ReadyAsync(silo).WaitAsync(_stopping.Token).ConfigureAwait(false);
            return true;
        }
#pragma warning disable CA1031 // Whatever failed: a silo that is not asked again would be none for good.
        catch (Exception e) when (!_stopping.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogNotReady(silo, e.Message);
            return false;
        }
    }

    private IEnumerable<SiloAddress> Active(ClusterMembershipSnapshot cluster) => cluster.Members.Values
        .Where(member => member.Status == SiloStatus.Active || member.SiloAddress.Equals(local.SiloAddress))
        .Select(static member => member.SiloAddress);

    [LoggerMessage(LogLevel.Information, "Silo {Silo} is ready for twins, {Seconds:0.00} s after it joined.")]
    private partial void LogReady(SiloAddress silo, double seconds);

    [LoggerMessage(
        LogLevel.Warning, "Silo {Silo} did not say in {Seconds} s that it is ready for twins; it counts as ready.")]
    private partial void LogSilent(SiloAddress silo, double seconds);

    [LoggerMessage(LogLevel.Error, "Silos that join from now on get no twins from this one until it starts again.")]
    private partial void LogBlind(Exception exception);

    [LoggerMessage(LogLevel.Debug, "Silo {Silo} is not ready for twins yet: {Reason}")]
    private partial void LogNotReady(SiloAddress silo, string reason);
}
