using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The batches of other silos that are here, and those whose answers may not have arrived: one that comes again gets
/// the answer of the first time and is not applied twice. Thread-safe.
/// </summary>
internal sealed class ArrivedBatches(IngestRouter road, IClusterMembershipService membership)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, SortedDictionary<long, Task<IngestResult[]>>> _bySender = [];
    private int _underWay;
    private bool _isClosed;

    /// <summary>Batches that are not answered yet.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Applies a batch, or answers as before; nothing where no more batches are taken.</summary>
    public Task<IngestResult[]> TakeAsync(IngestBatch batch)
    {
        LaneArrivals arrivals;
        Task<IngestResult[]> answer;
        lock (_lock)
        {
            SortedDictionary<long, Task<IngestResult[]>>? known = batch.Sender is null ? null : Of(batch.Sender);
            if (known?.TryGetValue(batch.Number, out answer!) == true)
            {
                return answer;
            }

            if (_isClosed || batch.Twins.Length == 0)
            {
                return Task.FromResult<IngestResult[]>([]);
            }

            while (known?.Count > 0 && known.First().Key < batch.Oldest)
            {
                known.Remove(known.First().Key);
            }

            _underWay++;
            arrivals = new LaneArrivals(batch);
            answer = CountedAsync(arrivals.Answers);
            known?.Add(batch.Number, answer);
        }

        arrivals.Send(road);
        return answer;
    }

    /// <summary>Takes no more batches.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }

    private async Task<IngestResult[]> CountedAsync(Task<IngestResult[]> answers)
    {
        try
        {
            return await answers.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private SortedDictionary<long, Task<IngestResult[]>> Of(SiloAddress sender)
    {
        if (_bySender.TryGetValue(sender, out SortedDictionary<long, Task<IngestResult[]>>? known))
        {
            return known;
        }

        foreach (SiloAddress gone in _bySender.Keys.Where(IsGone).ToList())
        {
            _bySender.Remove(gone);
        }

        return _bySender[sender] = [];
    }

    private bool IsGone(SiloAddress silo) =>
        membership.CurrentSnapshot.GetSiloStatus(silo) is SiloStatus.Dead or SiloStatus.None;
}
