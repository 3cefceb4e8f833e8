namespace TwinGrid;

/// <summary>
/// Moments as whole microseconds since 1970-01-01 UTC in a <see cref="long"/>: the form of every time inside the
/// grid, because it is compact, ordered and free of zones. Leap seconds are not counted (POSIX time).
/// </summary>
public static class UnixMicroseconds
{
    /// <summary>Stands for "no time given".</summary>
    public const long Absent = long.MinValue;

    /// <summary>Microseconds in a second.</summary>
    public const long PerSecond = 1_000_000;

    /// <summary>The moment in microseconds; what is finer is cut off.</summary>
    public static long From(DateTimeOffset moment) => (moment.UtcTicks - DateTime.UnixEpoch.Ticks) / 10;

    /// <summary>The moment as a date in UTC.</summary>
    public static DateTimeOffset ToDateTimeOffset(long microseconds) =>
        new(DateTime.UnixEpoch.Ticks + (microseconds * 10), TimeSpan.Zero);

    /// <summary>The clock's now in microseconds.</summary>
    public static long Now(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return From(clock.GetUtcNow());
    }

    /// <summary>A span of time in microseconds.</summary>
    public static long From(TimeSpan span) => span.Ticks / 10;
}
