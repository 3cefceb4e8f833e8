using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// One lane per life of another silo: what arrives while batches are under way is the next batch. How much waits is
/// bounded by the senders, as everywhere on the road. Thread-safe.
/// </summary>
internal sealed partial class SiloLanes(
    TwinIngestServiceClient client,
    ShardMap map,
    IClusterMembershipService membership,
    ILocalSiloDetails local,
    TimeProvider clock,
    ILogger<SiloLanes> logger) : IDisposable
{
    private readonly ConcurrentDictionary<SiloAddress, SiloLane> _lanes = new();
    private readonly CancellationTokenSource _closing = new();

    /// <summary>Cancelled when the silo has stopped.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>The clock of pauses.</summary>
    public TimeProvider Clock => clock;

    /// <summary>This silo.</summary>
    public SiloAddress Local => local.SiloAddress;

    /// <summary>Sends what waits in a passage with the next batch for a silo; its answers go to the road.</summary>
    public void Send(SiloAddress silo, Passage passage, IngestRouter road) =>
        _lanes.GetOrAdd(silo, static (s, of) => new SiloLane(s, of.Road, of.Lanes), (Road: road, Lanes: this))
            .Add(passage);

    /// <summary>The silo has stopped: what is under way and what still comes is not acknowledged.</summary>
    public void Close() => _closing.Cancel();

    /// <summary>Closes. The token stays good: whoever still comes is told that the silo has stopped.</summary>
    public void Dispose() => _closing.Cancel();

    /// <summary>True while the map names that silo for a twin.</summary>
    public bool IsPlaceOf(SiloAddress silo, Passage passage) => silo.Equals(map.Find(passage.Key));

    /// <summary>Asks a silo to apply a batch.</summary>
    public Task<IngestResult[]> CallAsync(SiloAddress silo, IngestBatch batch) =>
        client.IngestAsync(silo, batch).WaitAsync(_closing.Token);

    /// <summary>True when a silo is dead by the newest list of silos, or forgotten.</summary>
    public bool IsGone(SiloAddress silo) =>
        membership.CurrentSnapshot.GetSiloStatus(silo) is SiloStatus.Dead or SiloStatus.None;

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} does not answer to a batch of {Count} messages yet: {Reason}")]
    public partial void LogUnanswered(SiloAddress silo, int count, string reason);

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} has gone with a batch of {Count} messages; they are brought again.")]
    public partial void LogGone(SiloAddress silo, int count);
}
