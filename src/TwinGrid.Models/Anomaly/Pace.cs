namespace TwinGrid.Models.Anomaly;

/// <summary>
/// How far apart the readings of a signal are, and what that makes of how rare one is: an alarm is meant as once in so
/// much time, not in so many readings. Unmanaged, 3 doubles.
/// </summary>
/// <remarks>
/// The interval is followed as Huber (1964) estimates a location: each one moves it by at most a
/// <see cref="Steadiness"/>th, so that a gap or a step of the clock counts like any other. A signal that is read
/// every five minutes has a fifth of the chances to be odd in a month, so the same reading is five times as rare
/// among the minutes of that month as among its readings. Readings that lie closer than a minute count as one a
/// minute: what lies a second apart is hardly another chance. More than an hour counts as an hour: no data said more.
/// </remarks>
internal struct Pace
{
    /// <summary>The power of ten at which a reading is an alarm, by the default threshold 0.99.</summary>
    private const double Alarm = 4;

    /// <summary>Up to here readings are counted, at any pace: 0.9 is one in 100 of them.</summary>
    private const double Normal = 2;

    private const double Steadiness = 100;
    private const double Minute = 60.0 * UnixMicroseconds.PerSecond;
    private const double Hour = 60 * Minute;

    private double _latest;
    private double _interval;
    private double _decades;

    /// <summary>How much rarer readings are than one a minute, as a power of ten: 1.78 for one an hour.</summary>
    public readonly double Decades => _decades;

    /// <summary>Takes the time of a reading, Unix microseconds.</summary>
    /// <param name="time">Where it is before the last one, the clock stepped: that is no interval.</param>
    /// <param name="readings">How many came before.</param>
    public void Learn(long time, double readings)
    {
        double interval = time - _latest;
        if (readings > 0 && interval >= 0)
        {
            double most = _interval / Math.Clamp(readings, 1, Steadiness);
            double now = _interval > 0 ? _interval + Math.Clamp(interval - _interval, -most, most) : interval;
            now = Math.Clamp(now, Minute, Hour);
            if (now != _interval)
            {
                _interval = now;
                _decades = Math.Log10(now / Minute);
            }
        }

        _latest = time;
    }

    /// <summary>From how rare among readings to how rare among minutes, in powers of ten.</summary>
    public readonly double AmongMinutes(double rarity)
    {
        if (rarity <= Normal)
        {
            return rarity;
        }

        double below = Normal + ((rarity - Normal) * (Alarm - Normal) / (Alarm - Normal - Decades));
        return Math.Min(below, rarity + Decades);
    }

    /// <summary>The way back.</summary>
    public readonly double AmongReadings(double rarity)
    {
        if (rarity <= Normal)
        {
            return rarity;
        }

        double below = Normal + ((rarity - Normal) * (Alarm - Normal - Decades) / (Alarm - Normal));
        return Math.Max(below, rarity - Decades);
    }
}
