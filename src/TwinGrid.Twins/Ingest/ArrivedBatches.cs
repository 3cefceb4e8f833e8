using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The batches of other silos that are here, and those whose answers may not have arrived: one that comes again gets
/// the answer of the first time and is not applied twice. Thread-safe.
/// </summary>
internal sealed class ArrivedBatches(IngestRouter road, IClusterMembershipService membership)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, Known> _bySender = [];
    private int _underWay;
    private bool _isClosed;

    /// <summary>Batches that are not answered yet.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>
    /// Applies a batch, or answers as before; nothing where no more batches are taken, or none of that sender: what a
    /// silo had under way when it was declared dead is sent again by the devices.
    /// </summary>
    public Task<IngestResult[]> TakeAsync(IngestBatch batch)
    {
        LaneArrivals arrivals;
        Task<IngestResult[]> answer;
        lock (_lock)
        {
            Known? known = batch.Sender is null ? null : Of(batch.Sender);
            if (known?.Answers.TryGetValue(batch.Number, out answer!) == true)
            {
                return answer;
            }

            if (_isClosed || batch.Twins.Length == 0 || batch.Number < known?.Oldest || IsDead(batch.Sender))
            {
                return Task.FromResult<IngestResult[]>([]);
            }

            known?.Forget(batch.Oldest);
            _underWay++;
            arrivals = new LaneArrivals(batch);
            answer = CountedAsync(arrivals.Answers);
            known?.Answers.Add(batch.Number, answer);
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

    private Known Of(SiloAddress sender)
    {
        if (!_bySender.TryGetValue(sender, out Known? known))
        {
            foreach (SiloAddress gone in _bySender.Keys.Where(IsDead).ToList())
            {
                _bySender.Remove(gone);
            }

            _bySender.Add(sender, known = new Known());
        }

        return known;
    }

    // One that is not in the list of silos may be newer than the list.
    private bool IsDead(SiloAddress? silo) =>
        silo is not null && membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Dead;

    /// <summary>What is known of one sender's batches.</summary>
    private sealed class Known
    {
        /// <summary>The answers that it may ask for again, by number.</summary>
        public SortedDictionary<long, Task<IngestResult[]>> Answers { get; } = [];

        /// <summary>It has the answers of all before this one; such a batch was late on the way.</summary>
        public long Oldest { get; private set; }

        public void Forget(long before)
        {
            Oldest = Math.Max(Oldest, before);
            while (Answers.Count > 0 && Answers.First().Key < Oldest)
            {
                Answers.Remove(Answers.First().Key);
            }
        }
    }
}
