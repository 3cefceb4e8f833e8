using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The way to one silo's life: batches of what waits for its twins. A silo that does not answer is asked again for the
/// same batch, which it applies once, as long as it is a member; when it is gone the messages are brought elsewhere.
/// </summary>
/// <param name="silo">Where to, with its generation.</param>
/// <param name="road">Where answers and what came back go to.</param>
/// <param name="lanes">What all lanes share.</param>
internal sealed class SiloLane(SiloAddress silo, IngestRouter road, SiloLanes lanes)
{
    private const int MostInBatch = 512;
    private const int MostBytes = 256 * 1024;

    /// <summary>
    /// Batches under way while the silo answers as it should; a batch that waits for one slow twin of many gives its
    /// place to the next after <see cref="s_slow"/>, up to <see cref="MostSlow"/> in all.
    /// </summary>
    private const int MostUnderWay = 8;

    private const int MostSlow = 64;

    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private static readonly Histogram<int> s_batchSize = TwinGridDiagnostics.Meter.CreateHistogram<int>(
        "twingrid.lane.messages", "{message}", "Messages of one batch for another silo.");

    private static readonly Counter<long> s_again = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.lane.sent_again", "{message}", "Messages that another silo did not take, or had when it died.");

    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<Passage> _ready = [];
    private readonly SortedSet<long> _underWay = [];
    private int _credits = MostUnderWay;
    private int _room = MostSlow;
    private bool _isSending;
    private long _number;

    /// <summary>What waits in a passage goes with the next batch.</summary>
    public void Add(Passage passage)
    {
        _ready.Enqueue(passage);
        if (MaySend())
        {
            // Not on the thread of a connection; what comes until then is of the same batch.
            Task.Run(SendReady).Ignore();
        }
    }

    private bool MaySend()
    {
        lock (_lock)
        {
            return !_isSending && (_isSending = !_ready.IsEmpty && _credits > 0 && _room > 0);
        }
    }

    private void SendReady()
    {
        do
        {
            Batch batch = new();
            Gather(batch);
            if (batch.Parcels.Count > 0)
            {
                SendAndReturnCreditAsync(batch).Ignore();
            }
        }
        while (GoesOn());
    }

    private bool GoesOn()
    {
        lock (_lock)
        {
            return _isSending = !_ready.IsEmpty && _credits > 0 && _room > 0;
        }
    }

    // A fault of ours costs one passage: the lane goes on, and what was gathered before is sent.
    private void Gather(Batch batch)
    {
        while (batch.Messages.Count < MostInBatch
            && batch.Bytes < MostBytes
            && _ready.TryDequeue(out Passage? passage))
        {
            try
            {
                Gather(batch, passage);
            }
#pragma warning disable CA1031 // Whatever failed, its senders must hear.
            catch (Exception e)
#pragma warning restore CA1031
            {
                road.Fail(passage, e);
            }
        }
    }

    private void Gather(Batch batch, Passage passage)
    {
        if (lanes.Closing.IsCancellationRequested)
        {
            road.Fail(passage, new OperationCanceledException("the silo stops"));
        }
        else if (lanes.IsPlaceOf(silo, passage))
        {
            batch.Add(passage, MostInBatch, MostBytes);
        }
        else
        {
            road.Advance(passage);
        }
    }

    private async Task SendAndReturnCreditAsync(Batch batch)
    {
        Change(-1, -1);
        Task sending = SendAsync(batch);
        await sending.WaitAsync(s_slow, lanes.Clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Change(1, 0);
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Change(0, 1);
    }

    private void Change(int credits, int room)
    {
        lock (_lock)
        {
            _credits += credits;
            _room += room;
        }

        if (credits + room > 0 && MaySend())
        {
            SendReady();
        }
    }

    private async Task SendAsync(Batch batch)
    {
        s_batchSize.Record(batch.Messages.Count);
        IngestBatch travelling = Number(batch);
        IngestResult[] results = [];
        Exception? failure = null;
        try
        {
            results = await AskAsync(travelling).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        lock (_lock)
        {
            _underWay.Remove(travelling.Number);
        }

        End(batch, results, failure);
    }

    /// <summary>Asks until the silo answers or is gone; with messages under way it may wait for its store.</summary>
    /// <exception cref="SiloUnavailableException">It is gone, and what it did with the batch is not known.</exception>
    private async Task<IngestResult[]> AskAsync(IngestBatch batch)
    {
        bool told = false;
        while (true)
        {
            if (lanes.IsGone(silo))
            {
                throw new SiloUnavailableException($"silo {silo} has gone");
            }

            try
            {
                IngestResult[] results = await lanes.CallAsync(silo, batch).ConfigureAwait(false);
                return results.Length == 0 || results.Length == batch.Twins.Length
                    ? results
                    : throw new TwinGridException(
                        $"{results.Length} answers came to a batch of {batch.Twins.Length} messages");
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                if (!told)
                {
                    told = true;
                    lanes.LogUnanswered(silo, batch.Twins.Length, e.Message);
                }
            }

            if (!lanes.IsGone(silo))
            {
                await Task.Delay(s_pause, lanes.Clock, lanes.Closing).ConfigureAwait(false);
            }
        }
    }

    private IngestBatch Number(Batch batch)
    {
        long number;
        long oldest;
        lock (_lock)
        {
            number = ++_number;
            _underWay.Add(number);
            oldest = _underWay.Min;
        }

        return new IngestBatch
        {
            Twins = [.. batch.Messages.Select(static message => message.Address.Twin)],
            Inputs = [.. batch.Messages.Select(static message => message.Inputs.ToArray())],
            Sender = lanes.Local,
            Number = number,
            Oldest = oldest,
        };
    }

    private void End(Batch batch, IngestResult[] results, Exception? failure)
    {
        if (failure is null && results.Length > 0)
        {
            HandOver(batch, (passage, at, count) => road.Answer(passage, results.AsSpan(at, count)));
        }
        else if (failure is null or SiloUnavailableException)
        {
            s_again.Add(batch.Messages.Count);
            if (failure is not null)
            {
                lanes.LogGone(silo, batch.Messages.Count);
            }

            Exception reason = failure ?? new TwinGridUnavailableException($"silo {silo} stops");
            HandOver(batch, (passage, _, _) => road.SendAgain(passage, reason, mayBeKept: failure is not null));
        }
        else
        {
            HandOver(batch, (passage, _, _) => road.Fail(passage, failure));
        }
    }

    // From then on a passage has another owner: a fault of ours costs that one, and none of those around it.
    private void HandOver(Batch batch, Action<Passage, int, int> fate)
    {
        int at = 0;
        foreach ((Passage passage, int count) in batch.Parcels)
        {
            try
            {
                fate(passage, at, count);
            }
#pragma warning disable CA1031 // Whatever failed, its senders must hear.
            catch (Exception e)
#pragma warning restore CA1031
            {
                road.Fail(passage, e);
            }

            at += count;
        }
    }

    /// <summary>Parcels of several twins that travel together.</summary>
    private sealed class Batch
    {
        public List<(Passage Passage, int Count)> Parcels { get; } = [];

        public List<IngestMessage> Messages { get; } = [];

        public int Bytes { get; private set; }

        public void Add(Passage passage, int most, int mostBytes)
        {
            lock (passage.Door.Lock)
            {
                ReadOnlySpan<IngestMessage> parcel =
                    passage.Begin(Math.Max(1, most - Messages.Count), mostBytes - Bytes);
                Parcels.Add((passage, parcel.Length));
                foreach (IngestMessage message in parcel)
                {
                    Messages.Add(message);
                    Bytes += message.Inputs.Length;
                }
            }
        }
    }
}
