namespace TwinGrid.Twins.State;

/// <summary>
/// Which numbers of one epoch were seen: exact for 1,024 numbers out of order, and for a run without a gap however long
/// it is. While every number comes in order from 0 it has no bits at all.
/// </summary>
/// <remarks>
/// A device that sends again what was not acknowledged, several batches of a thousand readings, goes back further than
/// the window: the run knows them. A number that stays away for 1,024 others ends the run, and another begins after it.
/// </remarks>
internal sealed class SequenceWindow(long epoch, long high = -1, ulong[]? seen = null)
{
    /// <summary>How far behind the highest number one may come and still be known exactly.</summary>
    public const int Size = 1024;

    private ulong[]? _seen = seen;

    public long Epoch { get; } = epoch;

    /// <summary>The highest number, or -1 before the first.</summary>
    public long High { get; private set; } = high;

    /// <summary>The first number of the run; all from it to <see cref="RunTo"/> were seen.</summary>
    public long RunFrom { get; private set; } = seen is null ? 0 : high + 1;

    /// <summary>The last number of the run; less than the first while there is none.</summary>
    public long RunTo { get; private set; } = high;

    /// <summary>One bit per number of the window; empty while all of them were seen.</summary>
    public ReadOnlySpan<ulong> Seen => _seen;

    /// <summary>Judges a number and remembers it.</summary>
    public SequenceVerdict Judge(long seq)
    {
        if (seq > High)
        {
            Forget(High + 1, seq);
            High = seq;
            Mark(seq);
            Follow(seq);
            return SequenceVerdict.New;
        }

        if (High - seq >= Size)
        {
            return seq >= RunFrom && seq <= RunTo ? SequenceVerdict.Seen : SequenceVerdict.BelowWindow;
        }

        if (IsMarked(seq))
        {
            return SequenceVerdict.Seen;
        }

        Mark(seq);
        Follow(seq);
        return SequenceVerdict.New;
    }

    /// <summary>Takes over the run of a stored window.</summary>
    public void Restore(long runFrom, long runTo) => (RunFrom, RunTo) = (runFrom, runTo);

    // What came may follow the run, with all that came before its time; or what is missing after the run has left the
    // window and is not waited for any more.
    private void Follow(long seq)
    {
        if (RunTo < 0)
        {
            (RunFrom, RunTo) = (seq, seq);
        }
        else if (High - RunTo > Size)
        {
            RunFrom = High - Size + 1;
            while (!IsMarked(RunFrom))
            {
                RunFrom++;
            }

            RunTo = RunFrom;
        }
        else if (seq == RunTo + 1)
        {
            RunTo = seq;
        }
        else
        {
            return;
        }

        while (RunTo < High && IsMarked(RunTo + 1))
        {
            RunTo++;
        }
    }

    /// <summary>
    /// Moves the window up to <paramref name="to"/>. While every number comes in order there are no bits at all; the
    /// first gap makes them.
    /// </summary>
    private void Forget(long from, long to)
    {
        if (to == from && _seen is null)
        {
            return;
        }

        if (_seen is null)
        {
            _seen = new ulong[Size / 64];
            if (from > 0)
            {
                Array.Fill(_seen, ulong.MaxValue);
            }
        }

        if (to - from >= Size)
        {
            Array.Clear(_seen);
            return;
        }

        for (long seq = from; seq <= to; seq++)
        {
            _seen[(seq % Size) >> 6] &= ~(1UL << (int)(seq & 63));
        }
    }

    private void Mark(long seq)
    {
        if (_seen is not null)
        {
            _seen[(seq % Size) >> 6] |= 1UL << (int)(seq & 63);
        }
    }

    // In order nothing is marked: the bits exist only once something came out of order or was skipped.
    private bool IsMarked(long seq) => _seen is null || (_seen[(seq % Size) >> 6] & (1UL << (int)(seq & 63))) != 0;
}
