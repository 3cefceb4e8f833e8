using HdrHistogram;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// What the connections of a load have done. One thread counts; another says what is measured and reads the sums.
/// </summary>
internal sealed class LoadTally
{
    // Microseconds, up to a minute, three digits.
    private const long LongestMicroseconds = 60_000_000;

    private long _sent;
    private long _acknowledged;
    private long _from = long.MaxValue;
    private long _until = long.MaxValue;

    /// <summary>The latencies in microseconds of the messages that should have left while it was measured.</summary>
    public LongHistogram Latencies { get; } = NewHistogram();

    /// <summary>Messages written so far.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Messages acknowledged so far.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Messages that should have left while it was measured.</summary>
    public long Measured { get; private set; }

    /// <summary>An empty histogram of latencies in microseconds.</summary>
    public static LongHistogram NewHistogram() => new(LongestMicroseconds, 3);

    /// <summary>Puts a time between two timestamps, in microseconds, into a histogram.</summary>
    public static void Record(LongHistogram histogram, long ticks) =>
        histogram.RecordValue(Math.Clamp(ticks * 1_000_000 / System.Diagnostics.Stopwatch.Frequency,
            1, LongestMicroseconds));

    /// <summary>Measures the messages from this timestamp on.</summary>
    public void MeasureFrom(long timestamp) => Volatile.Write(ref _from, timestamp);

    /// <summary>Measures the messages before this timestamp, whenever they are acknowledged.</summary>
    public void MeasureUntil(long timestamp) => Volatile.Write(ref _until, timestamp);

    /// <summary>A message was written that should have left at a timestamp.</summary>
    public void NoteSent(long intended)
    {
        Volatile.Write(ref _sent, _sent + 1);
        Measured += IsMeasured(intended) ? 1 : 0;
    }

    /// <summary>A message was acknowledged that should have left at a timestamp.</summary>
    public void NoteAcknowledged(long intended, long now)
    {
        NoteAcknowledged(1);
        if (IsMeasured(intended))
        {
            Record(Latencies, now - intended);
        }
    }

    /// <summary>Messages were acknowledged of which nobody knows when they should have left.</summary>
    public void NoteAcknowledged(int count) => Volatile.Write(ref _acknowledged, _acknowledged + count);

    private bool IsMeasured(long intended) =>
        intended >= Volatile.Read(ref _from) && intended < Volatile.Read(ref _until);
}
