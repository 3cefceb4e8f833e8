using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The way to one silo's life: batches of what waits for its twins. A silo that does not answer is asked again for the
/// same batch, which it applies once, as long as it is a member; when it is gone the messages are brought elsewhere.
/// </summary>
internal sealed class SiloLane : IDisposable
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

    private readonly SiloAddress _silo;
    private readonly IngestRouter _road;
    private readonly SiloLanes _lanes;
    private readonly SemaphoreSlim _credits = new(MostUnderWay);
    private readonly SemaphoreSlim _room = new(MostSlow);
    private readonly Lock _lock = new();
    private readonly SortedSet<long> _underWay = [];
    private readonly Channel<Passage> _ready =
        Channel.CreateUnbounded<Passage>(new UnboundedChannelOptions { SingleReader = true });

    private long _number;
    private bool _isClosed;

    /// <summary>Opens the way.</summary>
    /// <param name="silo">Where to, with its generation.</param>
    /// <param name="road">Where answers and what came back go to.</param>
    /// <param name="lanes">What all lanes share.</param>
    public SiloLane(SiloAddress silo, IngestRouter road, SiloLanes lanes)
    {
        (_silo, _road, _lanes) = (silo, road, lanes);
        Task.Run(RunAsync).Ignore();
    }

    /// <summary>What waits in a passage goes with the next batch.</summary>
    public void Add(Passage passage)
    {
        if (!_ready.Writer.TryWrite(passage))
        {
            _road.Fail(passage, new OperationCanceledException("the silo stops"));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ready.Writer.TryComplete();
        _credits.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync()
    {
        while (await _ready.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await TakeCreditAsync().ConfigureAwait(false);
            Batch batch = Gather();
            if (!_isClosed)
            {
                ReturnCreditAsync(batch.Parcels.Count == 0 ? Task.CompletedTask : SendAsync(batch)).Ignore();
            }
        }
    }

    // While the silo stops there are no more batches, and what comes is given up at once.
    private async Task TakeCreditAsync()
    {
        try
        {
            await _credits.WaitAsync(_lanes.Closing).ConfigureAwait(false);
            await _room.WaitAsync(_lanes.Closing).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _isClosed = true;
        }
    }

    private Batch Gather()
    {
        Batch batch = new();
        while (batch.Messages.Count < MostInBatch
            && batch.Bytes < MostBytes
            && _ready.Reader.TryRead(out Passage? passage))
        {
            if (_isClosed)
            {
                _road.Fail(passage, new OperationCanceledException("the silo stops"));
            }
            else if (_lanes.IsPlaceOf(_silo, passage))
            {
                batch.Add(passage, MostInBatch, MostBytes);
            }
            else
            {
                _road.Advance(passage);
            }
        }

        return batch;
    }

    private async Task ReturnCreditAsync(Task sending)
    {
        await sending.WaitAsync(s_slow, _lanes.Clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _credits.Release();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _room.Release();
    }

    private async Task SendAsync(Batch batch)
    {
        s_batchSize.Record(batch.Messages.Count);
        IngestBatch travelling = Number(batch);
        try
        {
            IngestResult[] results = await AskAsync(travelling).ConfigureAwait(false);
            if (results.Length == 0)
            {
                ComeBack(batch, new TwinGridUnavailableException($"silo {_silo} stops"), mayBeKept: false);
            }
            else
            {
                Deal(batch, results);
            }
        }
        catch (SiloUnavailableException e)
        {
            _lanes.LogGone(_silo, batch.Messages.Count);
            ComeBack(batch, e, mayBeKept: true);
        }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach ((Passage passage, _) in batch.Parcels)
            {
                _road.Fail(passage, e);
            }
        }

        lock (_lock)
        {
            _underWay.Remove(travelling.Number);
        }
    }

    /// <summary>Asks until the silo answers or is gone; with messages under way it may wait for its store.</summary>
    /// <exception cref="SiloUnavailableException">It is gone, and what it did with the batch is not known.</exception>
    private async Task<IngestResult[]> AskAsync(IngestBatch batch)
    {
        bool told = false;
        while (true)
        {
            try
            {
                IngestResult[] results = await _lanes.CallAsync(_silo, batch).ConfigureAwait(false);
                return results.Length == 0 || results.Length == batch.Twins.Length
                    ? results
                    : throw new TwinGridException(
                        $"{results.Length} answers came to a batch of {batch.Twins.Length} messages");
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                if (_lanes.IsGone(_silo))
                {
                    throw new SiloUnavailableException($"silo {_silo} has gone", e);
                }

                if (!told)
                {
                    told = true;
                    _lanes.LogUnanswered(_silo, batch.Twins.Length, e.Message);
                }
            }

            await Task.Delay(s_pause, _lanes.Clock, _lanes.Closing).ConfigureAwait(false);
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
            Sender = _lanes.Local,
            Number = number,
            Oldest = oldest,
        };
    }

    private void Deal(Batch batch, IngestResult[] results)
    {
        int at = 0;
        foreach ((Passage passage, int count) in batch.Parcels)
        {
            _road.Answer(passage, results.AsSpan(at, count));
            at += count;
        }
    }

    private void ComeBack(Batch batch, Exception reason, bool mayBeKept)
    {
        s_again.Add(batch.Messages.Count);
        foreach ((Passage passage, _) in batch.Parcels)
        {
            _road.SendAgain(passage, reason, mayBeKept);
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
