using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.Twins.Fencing;

/// <summary>
/// Fences every silo that the membership declares dead: no twin is loaded before none of them can commit or answer for
/// it any more. Each silo with twins does it, and the store does it once. Thread-safe.
/// </summary>
internal sealed partial class DeadSilos(
    IClusterMembershipService membership,
    ILocalSiloDetails local,
    ITwinStore store,
    TimeProvider clock,
    ILogger<DeadSilos> logger) : IAsyncDisposable
{
    private static readonly TimeSpan s_betweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<SiloAddress, Lazy<Task>> _fences = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;
    private long _settled = long.MinValue;

    /// <summary>Begins to watch the membership.</summary>
    /// <param name="settled">Called when silos that died are fenced and their leases over; must not block.</param>
    public void Start(Action settled) => _watching = Task.Run(() => WatchAsync(settled));

    /// <summary>Ends when every silo that the membership calls dead now is fenced and its lease over.</summary>
    public Task SettledAsync(CancellationToken cancellationToken)
    {
        ClusterMembershipSnapshot cluster = membership.CurrentSnapshot;
        return cluster.Version.Value == Volatile.Read(ref _settled)
            ? Task.CompletedTask
            : SettleAsync(cluster, cancellationToken);
    }

    /// <summary>Fences nobody any more; twins whose silo dies from now on are not loaded here.</summary>
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

    private async Task WatchAsync(Action settled)
    {
        try
        {
            HashSet<SiloAddress> known = [];
            await foreach (ClusterMembershipSnapshot cluster in membership.MembershipUpdates
                .WithCancellation(_stopping.Token).ConfigureAwait(false))
            {
                SiloAddress[] dead = [.. Dead(cluster)];
                await SettleAsync(cluster, _stopping.Token).ConfigureAwait(false);
                if (!known.IsSupersetOf(dead))
                {
                    settled();
                }

                known = [.. dead];
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogStopped();
        }
    }

    private async Task SettleAsync(ClusterMembershipSnapshot cluster, CancellationToken cancellationToken)
    {
        await Task.WhenAll(Dead(cluster).Select(Fence)).WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (SiloAddress silo in _fences.Keys.Where(silo => !cluster.Members.ContainsKey(silo)))
        {
            // The membership has forgotten it, and so may we.
            _fences.TryRemove(silo, out _);
        }

        Volatile.Write(ref _settled, cluster.Version.Value);
    }

    private IEnumerable<SiloAddress> Dead(ClusterMembershipSnapshot cluster) => cluster.Members.Values
        .Where(member => member.Status == SiloStatus.Dead && !member.SiloAddress.Equals(local.SiloAddress))
        .Select(static member => member.SiloAddress);

    private Task Fence(SiloAddress silo) => _fences.GetOrAdd(silo, s => new Lazy<Task>(() => FenceAsync(s))).Value;

    private async Task FenceAsync(SiloAddress silo)
    {
        long start = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await store.FenceAsync(silo.ToParsableString(), _stopping.Token).ConfigureAwait(false);
                LogFenced(silo, clock.GetElapsedTime(start).TotalSeconds);
                return;
            }
#pragma warning disable CA1031 // Whatever the store throws, no twin may be loaded before this was done.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogNotFenced(silo, e.Message);
            }

            await Task.Delay(s_betweenAttempts, clock, _stopping.Token).ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogLevel.Information, "The dead silo {Silo} is fenced and its lease over, after {Seconds:0.00} s.")]
    private partial void LogFenced(SiloAddress silo, double seconds);

    [LoggerMessage(LogLevel.Warning, "The dead silo {Silo} is not fenced yet; its twins wait: {Reason}")]
    private partial void LogNotFenced(SiloAddress silo, string reason);

    [LoggerMessage(LogLevel.Debug, "The silo stops watching for dead ones.")]
    private partial void LogStopped();
}
