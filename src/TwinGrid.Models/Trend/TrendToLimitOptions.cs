namespace TwinGrid.Models.Trend;

/// <summary>Which way a signal must go to reach its limit.</summary>
internal enum LimitDirection : byte
{
    /// <summary>Away from the side on which the first reading lies.</summary>
    Auto = 0,

    /// <summary>Up: the limit is a ceiling.</summary>
    Rising = 1,

    /// <summary>Down: the limit is a floor.</summary>
    Falling = 2,
}

/// <summary>The options of <see cref="TrendToLimit"/>.</summary>
/// <param name="Limit">The value not to reach, in the input's unit. Required.</param>
/// <param name="Direction"><c>auto</c> (default), <c>rising</c> or <c>falling</c>.</param>
/// <param name="Window">
/// The time constant of forgetting, 100 ms to 400 d; a reading of that age weighs 1/e. Absent by default: then
/// <see cref="DefaultWindowReadings"/> times the mean time between readings, so that one default fits a signal per
/// second and one per ten minutes alike.
/// </param>
/// <param name="Confidence">
/// Of the interval, and at which the slope must differ from none, 0.5 to 0.9999; default 0.99. An untrue trend then
/// shows at most about once in 200 independent windows, one-sided.
/// </param>
/// <param name="Horizon">
/// The farthest look ahead; beyond it the model says nothing. Absent by default: then
/// <see cref="DefaultHorizonWindows"/> windows, because a line learnt over a minute says nothing of next week.
/// </param>
internal sealed record TrendToLimitOptions(
    double Limit, LimitDirection Direction, TimeSpan? Window, double Confidence, TimeSpan? Horizon)
{
    /// <summary>30 readings tell a slope of a tenth of the noise per reading from none.</summary>
    public const double DefaultWindowReadings = 30;

    public const double DefaultHorizonWindows = 100;

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Greatest = TimeSpan.FromDays(400);

    public static TrendToLimitOptions Read(ModelOptions options)
    {
        TrendToLimitOptions read = new(
            options.RequiredNumber("limit"),
            options.Choice("direction", LimitDirection.Auto),
            options.OptionalDuration("window", Least, Greatest)?.Value,
            options.Number("confidence", 0.99, 0.5, 0.9999),
            options.OptionalDuration("horizon", Least, 100 * Greatest)?.Value);
        options.RefuseOthers();
        return read;
    }
}
