using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// A silo stops in order: it tells the others to place nothing here any more, then its twins go, a few at a time, while
/// the silo still answers for those that are left and passes on what comes for those that went. So each twin is away
/// only for its own snapshot. A silo that is the only one for twins has nobody to give them to. Thread-safe.
/// </summary>
internal sealed partial class Departure(
    ActiveTwins active,
    ShardMap map,
    ArrivedBatches arrived,
    TwinIngestServiceClient others,
    IClusterMembershipService membership,
    ILocalSiloDetails local,
    TimeProvider clock,
    ILogger<Departure> logger)
{
    /// <summary>Twins that go at once: their snapshots make a good group, and none of them waits for long.</summary>
    private const int MostAtOnce = 256;

    /// <summary>What did not go by then goes with the silo, and is read from its log.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_longestTelling = TimeSpan.FromSeconds(1);

    /// <summary>Ends when the silo's twins are elsewhere and nothing is under way to it, or after 20 s.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        SiloAddress[] rest = [.. membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(local.SiloAddress))
            .Select(static member => member.SiloAddress)];
        map.Leave(local.SiloAddress);
        if (!map.HasOtherPlace(local.SiloAddress))
        {
            return;
        }

        long start = clock.GetTimestamp();
        await Task.WhenAll(rest.Select(TellAsync));
        int twins = active.Count;
        while (!active.IsEmpty
            && map.HasOtherPlace(local.SiloAddress) // the others may be told to stop in the same moment
            && await MayGoOnAsync(start, cancellationToken))
        {
            await SendAwayAsync(start, cancellationToken);
        }

        while (arrived.UnderWay > 0 && await MayGoOnAsync(start, cancellationToken))
        {
            // What came for twins that went is passed on, and answered.
        }

        arrived.Close();
        LogLeft(twins, active.Count, clock.GetElapsedTime(start).TotalSeconds);
    }

    private async Task TellAsync(SiloAddress silo)
    {
        try
        {
            await others.LeaveAsync(silo, local.SiloAddress).WaitAsync(s_longestTelling, clock);
        }
#pragma warning disable CA1031 // Whatever failed, it is told by the list of silos a little later, and the twins go.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotTold(silo, e.Message);
        }
    }

    private async Task SendAwayAsync(long start, CancellationToken cancellationToken)
    {
        List<KeyValuePair<TwinId, TwinInbox>> going = [.. active.All.Take(MostAtOnce)];
        foreach ((_, TwinInbox inbox) in going)
        {
            inbox.Go();
        }

        // The slowest few must not hold up the rest, nor may all be asked at once.
        while (going.Count(pair => active.Find(pair.Key) == pair.Value) > MostAtOnce / 4
            && await MayGoOnAsync(start, cancellationToken))
        {
        }
    }

    private async Task<bool> MayGoOnAsync(long start, CancellationToken cancellationToken)
    {
        await Task.Delay(s_look, clock, cancellationToken).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return !cancellationToken.IsCancellationRequested && clock.GetElapsedTime(start) < s_patience;
    }

    [LoggerMessage(
        LogLevel.Information, "{Twins} twins went to other silos in {Seconds:0.00} s; {Left} are still here.")]
    private partial void LogLeft(int twins, int left, double seconds);

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} did not hear that this one leaves: {Reason}")]
    private partial void LogNotTold(SiloAddress silo, string reason);
}
