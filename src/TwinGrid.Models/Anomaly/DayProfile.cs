using System.Runtime.CompilerServices;

namespace TwinGrid.Models.Anomaly;

/// <summary>What one hour of the day is like.</summary>
internal struct HourOfDay
{
    /// <summary>Mean of the hour's means.</summary>
    public double Mean;

    /// <summary>Mean absolute residual; the first day's is off the mean, which makes a wide beginning.</summary>
    public double Spread;
}

/// <summary>One <see cref="HourOfDay"/> for each hour, UTC.</summary>
[InlineArray(DayProfile.Hours)]
internal struct HoursOfDay
{
    private HourOfDay _first;
}

/// <summary>How many days each hour has been seen, at most <see cref="DayProfile.DaysRemembered"/>.</summary>
[InlineArray(DayProfile.Hours)]
internal struct DaysSeen
{
    private byte _first;
}

/// <summary>
/// What a signal is like at each hour of the day (UTC): level and spread, learnt when the hour is over, so that no
/// hour is judged by itself. A signal without a day has a flat profile, which is its mean. Unmanaged, 55 doubles.
/// </summary>
/// <remarks>
/// A seasonal mean with exponential forgetting (Holt and Winters' additive season, without the trend): the newest
/// day counts 1/n, n at most <see cref="DaysRemembered"/>. Between the middles of two hours it is a straight line.
/// An hour is over when a reading of another hour comes: of a signal that is read in one hour of the day only, nothing
/// is learnt, and it is judged by its mean.
/// </remarks>
internal struct DayProfile
{
    public const int Hours = 24;

    /// <summary>Days after which the oldest are forgotten.</summary>
    public const int DaysRemembered = 20;

    private const long HourMicroseconds = 3600L * UnixMicroseconds.PerSecond;

    private HoursOfDay _hours;
    private DaysSeen _days;
    private double _sum;
    private double _spreadSum;
    private double _readings;
    private double _hour;

    /// <summary>What to expect at a time; false where that hour has never been seen.</summary>
    /// <param name="time">Unix microseconds; before 1970 as well.</param>
    /// <param name="mean">The expected value.</param>
    /// <param name="spread">The mean absolute residual at that hour; NaN before its second day.</param>
    public readonly bool TryExpect(long time, out double mean, out double spread)
    {
        (int hour, double part) = Position(time);
        int days = _days[hour];
        if (days == 0)
        {
            (mean, spread) = (0, double.NaN);
            return false;
        }

        int neighbour = part < 0.5 ? (hour + Hours - 1) % Hours : (hour + 1) % Hours;
        double share = _days[neighbour] == 0 ? 0 : Math.Abs(part - 0.5);
        ref readonly HourOfDay here = ref _hours[hour];
        ref readonly HourOfDay there = ref _hours[neighbour];
        mean = here.Mean + (share * (there.Mean - here.Mean));
        spread = days > 1 ? here.Spread + (share * (there.Spread - here.Spread)) : double.NaN;
        return true;
    }

    /// <summary>Learns a reading: kept until its hour is over.</summary>
    public void Learn(long time, double value, double residual)
    {
        int hour = Position(time).Hour;
        if (hour != (int)_hour || _readings == 0)
        {
            EndHour();
            _hour = hour;
        }

        _sum += value;
        _spreadSum += Math.Abs(residual);
        _readings++;
    }

    private void EndHour()
    {
        if (_readings == 0)
        {
            return;
        }

        int hour = (int)_hour;
        int days = Math.Min(_days[hour] + 1, DaysRemembered);
        _days[hour] = (byte)days;
        ref HourOfDay ended = ref _hours[hour];
        ended.Mean += ((_sum / _readings) - ended.Mean) / days;
        ended.Spread += ((_spreadSum / _readings) - ended.Spread) / days;
        (_sum, _spreadSum, _readings) = (0, 0, 0);
    }

    private static (int Hour, double Part) Position(long time)
    {
        long hours = Math.DivRem(time, HourMicroseconds, out long rest);
        if (rest < 0)
        {
            (hours, rest) = (hours - 1, rest + HourMicroseconds);
        }

        int hour = (int)(hours % Hours);
        return (hour < 0 ? hour + Hours : hour, rest / (double)HourMicroseconds);
    }
}
