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
/// What a twin knows of one publisher: its epoch, which of its numbers were seen, and how its clock stands. The epoch
/// and the one before it are known as <see cref="SequenceWindow"/> says; older epochs keep their high-water mark.
/// </summary>
internal sealed class SourceState(string name)
{
    private const int MostOldEpochs = 8;
    private const int ClockMessages = 5;

    private readonly List<(long Epoch, long High)> _oldEpochs = [];

    public string Name { get; } = name;

    public long Epoch => Current.Epoch;

    /// <summary>The highest number of the epoch, or -1 before the first.</summary>
    public long High => Current.High;

    /// <summary>The numbers of the epoch.</summary>
    public SequenceWindow Current { get; private set; } = new(0);

    /// <summary>The numbers of the epoch before it, for what its device sends once more after a restart.</summary>
    public SequenceWindow? Previous { get; private set; }

    /// <summary>The newest source time of a numbered message.</summary>
    public long NewestTime { get; private set; } = UnixMicroseconds.Absent;

    /// <summary>The source time at which an epoch began that the device did not name.</summary>
    public long BeganAt { get; private set; } = UnixMicroseconds.Absent;

    /// <summary>
    /// Arrival minus source time in microseconds, smoothed over about 8 messages; NaN before the first.
    /// </summary>
    public double ClockOffset { get; private set; } = double.NaN;

    /// <summary>How many messages in a row were off by more than the live window.</summary>
    public int OffInARow { get; private set; }

    /// <summary>True when its clock is off: five messages in a row say so.</summary>
    public bool ClockIsOff => OffInARow >= ClockMessages;

    /// <summary>The high-water marks of still older epochs, by epoch.</summary>
    public IReadOnlyList<(long Epoch, long High)> OldEpochs => _oldEpochs;

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
            BeganAt = time;
        }
        else if (epoch is null && time < BeganAt)
        {
            // From before the restart: it is numbered by the epoch before.
            return Previous?.Judge(seq) ?? SequenceVerdict.BelowWindow;
        }
        else if (epoch > Epoch || (epoch is not null && High < 0))
        {
            BeginEpoch(epoch.Value);
        }
        else if (epoch < Epoch)
        {
            return epoch == Previous?.Epoch ? Previous.Judge(seq) : JudgeOldEpoch(epoch.Value, seq);
        }

        NewestTime = Math.Max(NewestTime, time);
        return Current.Judge(seq);
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
        (SequenceWindow Current, SequenceWindow? Previous) windows,
        (long NewestTime, long BeganAt) times,
        (double Offset, int OffInARow) clock,
        IEnumerable<(long Epoch, long High)> oldEpochs)
    {
        (Current, Previous) = windows;
        (NewestTime, BeganAt) = times;
        (ClockOffset, OffInARow) = clock;
        _oldEpochs.AddRange(oldEpochs);
    }

    private void BeginEpoch(long epoch)
    {
        if (High >= 0)
        {
            if (Previous is not null)
            {
                Remember(Previous.Epoch, Previous.High);
            }

            Previous = Current;
        }

        Current = new SequenceWindow(epoch);
    }

    private SequenceVerdict JudgeOldEpoch(long epoch, long seq)
    {
        int at = _oldEpochs.FindIndex(old => old.Epoch == epoch);
        if (at >= 0 && seq <= _oldEpochs[at].High)
        {
            return SequenceVerdict.BelowWindow;
        }

        if (at >= 0)
        {
            _oldEpochs[at] = (epoch, seq);
            return SequenceVerdict.New;
        }

        return Remember(epoch, seq) ? SequenceVerdict.New : SequenceVerdict.BelowWindow;
    }

    // In the order of epochs; the oldest go. False for one that is older than all and finds no room.
    private bool Remember(long epoch, long high)
    {
        if (_oldEpochs.Count == MostOldEpochs)
        {
            if (epoch < _oldEpochs[0].Epoch)
            {
                return false;
            }

            _oldEpochs.RemoveAt(0);
        }

        int at = _oldEpochs.FindIndex(old => old.Epoch > epoch);
        _oldEpochs.Insert(at < 0 ? _oldEpochs.Count : at, (epoch, high));
        return true;
    }
}
