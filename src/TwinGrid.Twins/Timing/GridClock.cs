namespace TwinGrid.Twins.Timing;

/// <summary>
/// The grid's time: it begins at the machine's wall clock, goes on with its monotonic clock, and follows the wall clock
/// at most 5 % faster or slower. So it never goes back, corrections of a second are through in 20 s, and a clock that
/// is set a day off changes no order, ends no command early and lets no reading become history. Thread-safe.
/// </summary>
/// <remarks>
/// A restart begins at the wall clock again. The wall clock is looked at once a second, by whoever asks for the time.
/// </remarks>
/// <param name="machine">The machine's clocks.</param>
public sealed class GridClock(TimeProvider machine) : TimeProvider
{
    private const double MostSlew = 0.05;

    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);

    private Stretch _stretch = new(machine.GetTimestamp(), machine.GetUtcNow(), 0);

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        Stretch stretch = Volatile.Read(ref _stretch);
        long timestamp = machine.GetTimestamp();
        TimeSpan elapsed = machine.GetElapsedTime(stretch.Began, timestamp);
        DateTimeOffset now = stretch.After(elapsed);
        if (elapsed >= s_often)
        {
            // Who comes second loses nothing: either stretch begins where this one was.
            double slew = (machine.GetUtcNow() - now) / s_often;
            Stretch next = new(timestamp, now, Math.Clamp(slew, -MostSlew, MostSlew));
            Interlocked.CompareExchange(ref _stretch, next, stretch);
        }

        return now;
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => machine.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>From one look at the wall clock to the next.</summary>
    private sealed record Stretch(long Began, DateTimeOffset At, double Slew)
    {
        // Where nobody asked for long, only a second of it is slewed: the next look decides anew.
        public DateTimeOffset After(TimeSpan elapsed) =>
            At + elapsed + (Slew * (elapsed < s_often ? elapsed : s_often));
    }
}
