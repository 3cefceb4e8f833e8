namespace TwinGrid.Twins.State;

/// <summary>
/// Which numbers of one epoch were seen: exact for 1,024 numbers out of order. While every number comes in order it
/// has no bits at all.
/// </summary>
internal sealed class SequenceWindow(long epoch, long high = -1, ulong[]? seen = null)
{
    /// <summary>How far behind the highest number one may come and still be known exactly.</summary>
    public const int Size = 1024;

    private ulong[]? _seen = seen;

    public long Epoch { get; } = epoch;

    /// <summary>The highest number, or -1 before the first.</summary>
    public long High { get; private set; } = high;

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
            return SequenceVerdict.New;
        }

        if (High - seq >= Size)
        {
            return SequenceVerdict.BelowWindow;
        }

        // In order nothing is marked: the bits exist only once something came out of order or was skipped.
        if (_seen is null || IsMarked(seq))
        {
            return SequenceVerdict.Seen;
        }

        Mark(seq);
        return SequenceVerdict.New;
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

    private bool IsMarked(long seq) => (_seen![(seq % Size) >> 6] & (1UL << (int)(seq & 63))) != 0;
}
