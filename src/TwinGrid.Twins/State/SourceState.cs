namespace TwinGrid.Twins.State;

/// <summary>Whether a numbered message is new.</summary>
internal enum SequenceVerdict : byte
{
    /// <summary>Never seen.</summary>
    New,

    /// <summary>Seen before.</summary>
    Seen,

    /// <summary>
    /// Older than what is remembered: it may have been seen, so it goes to history and never to state.
    /// </summary>
    BelowWindow,
}

/// <summary>
/// What a twin knows of one publisher: its epoch, which of its numbers were seen, and how its clock stands. Exact for
/// 1,024 numbers out of order; older epochs keep their high-water mark.
/// </summary>
internal sealed class SourceState(string name)
{
    /// <summary>How far behind the highest number one may come and still be known exactly.</summary>
    public const int Window = 1024;

    private const int MostOldEpochs = 8;
    private const int ClockMessages = 5;

    private readonly List<(long Epoch, long High)> _oldEpochs = [];
    private ulong[]? _seen;

    public string Name { get; } = name;

    public long Epoch { get; private set; }

    /// <summary>The highest number of the epoch, or -1 before the first.</summary>
    public long High { get; private set; } = -1;

    /// <summary>The newest source time of a numbered message.</summary>
    public long NewestTime { get; private set; } = UnixMicroseconds.Absent;

    /// <summary>
    /// Arrival minus source time in microseconds, smoothed over about 8 messages; NaN before the first.
    /// </summary>
    public double ClockOffset { get; private set; } = double.NaN;

    /// <summary>How many messages in a row were off by more than the live window.</summary>
    public int OffInARow { get; private set; }

    /// <summary>True when its clock is off: five messages in a row say so.</summary>
    public bool ClockIsOff => OffInARow >= ClockMessages;

    public IReadOnlyList<(long Epoch, long High)> OldEpochs => _oldEpochs;

    public ReadOnlySpan<ulong> Seen => _seen;

    /// <summary>Judges a number and remembers it.</summary>
    /// <param name="epoch">The device's epoch, or null where it names none.</param>
    /// <param name="seq">The number, 0 or more.</param>
    /// <param name="time">The device's time, or <see cref="UnixMicroseconds.Absent"/>.</param>
    /// <param name="restarted">True when an epoch began that the device did not name.</param>
    public SequenceVerdict Judge(long? epoch, long seq, long time, out bool restarted)
    {
        restarted = epoch is null && High >= 0 && seq <= High && time > NewestTime;
        if (restarted)
        {
            BeginEpoch(Epoch + 1);
        }
        else if (epoch > Epoch || (epoch is not null && High < 0))
        {
            BeginEpoch(epoch.Value);
        }
        else if (epoch < Epoch)
        {
            return JudgeOldEpoch(epoch.Value, seq);
        }

        NewestTime = Math.Max(NewestTime, time);
        return JudgeNumber(seq);
    }

    /// <summary>Learns how the clock stands from a message with a time that was not marked as history.</summary>
    /// <param name="offset">Arrival minus source time, microseconds.</param>
    /// <param name="window">The live window, microseconds.</param>
    public void SeeClock(long offset, long window)
    {
        ClockOffset = double.IsNaN(ClockOffset) ? offset : ClockOffset + ((offset - ClockOffset) / 8);
        OffInARow = Math.Abs(offset) > window ? Math.Min(OffInARow + 1, ClockMessages) : 0;
    }

    /// <summary>Takes over what a stored state says.</summary>
    public void Restore(
        (long Epoch, long High, long NewestTime) numbers,
        (double Offset, int OffInARow) clock,
        ulong[]? seen,
        IEnumerable<(long Epoch, long High)> oldEpochs)
    {
        (Epoch, High, NewestTime) = numbers;
        (ClockOffset, OffInARow) = clock;
        _seen = seen;
        _oldEpochs.AddRange(oldEpochs);
    }

    private void BeginEpoch(long epoch)
    {
        if (High >= 0)
        {
            if (_oldEpochs.Count == MostOldEpochs)
            {
                _oldEpochs.RemoveAt(0);
            }

            _oldEpochs.Add((Epoch, High));
        }

        Epoch = epoch;
        High = -1;
        _seen = null;
    }

    private SequenceVerdict JudgeOldEpoch(long epoch, long seq)
    {
        int at = _oldEpochs.FindIndex(old => old.Epoch == epoch);
        if (at < 0)
        {
            return SequenceVerdict.BelowWindow;
        }

        if (seq <= _oldEpochs[at].High)
        {
            return SequenceVerdict.BelowWindow;
        }

        _oldEpochs[at] = (epoch, seq);
        return SequenceVerdict.New;
    }

    private SequenceVerdict JudgeNumber(long seq)
    {
        if (seq > High)
        {
            Forget(High + 1, seq);
            High = seq;
            Mark(seq);
            return SequenceVerdict.New;
        }

        if (High - seq >= Window)
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
            _seen = new ulong[Window / 64];
            if (from > 0)
            {
                Array.Fill(_seen, ulong.MaxValue);
            }
        }

        if (to - from >= Window)
        {
            Array.Clear(_seen);
            return;
        }

        for (long seq = from; seq <= to; seq++)
        {
            _seen[(seq % Window) >> 6] &= ~(1UL << (int)(seq & 63));
        }
    }

    private void Mark(long seq)
    {
        if (_seen is not null)
        {
            _seen[(seq % Window) >> 6] |= 1UL << (int)(seq & 63);
        }
    }

    private bool IsMarked(long seq) => (_seen![(seq % Window) >> 6] & (1UL << (int)(seq & 63))) != 0;
}
