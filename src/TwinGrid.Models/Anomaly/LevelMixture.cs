namespace TwinGrid.Models.Anomaly;

/// <summary>
/// Expects a signal's next value: three simple forecasts, each trusted by how well it did lately. A slow mean is
/// best on noise about a level, a fast one on a wandering level, a level with trend on a ramp. Unmanaged, 8 doubles.
/// </summary>
/// <remarks>
/// Weights are error^-8 of the exponentially weighted mean absolute errors, after the combination of forecasts
/// by Bates and Granger (1969); the trend is Holt's (1957). Counts readings, not time.
/// </remarks>
internal struct LevelMixture
{
    private const double FastGain = 0.5;
    private const double SlowGain = 0.03;
    private const double HoltGain = 0.4;
    private const double TrendGain = 0.1;
    private const double ErrorGain = 0.03;

    private double _slow;
    private double _fast;
    private double _level;
    private double _trend;
    private double _slowError;
    private double _fastError;
    private double _levelError;
    private double _readings;

    /// <summary>The slow mean: about the last thirty readings.</summary>
    public readonly double Slow => _slow;

    /// <summary>The next value; 0 before the first reading.</summary>
    /// <param name="indistinct">Errors below this are no errors.</param>
    public readonly double Expect(double indistinct)
    {
        double slowError = Math.Max(_slowError, indistinct);
        double fastError = Math.Max(_fastError, indistinct);
        double levelError = Math.Max(_levelError, indistinct);

        // As ratios to the best, so that no power of a wild scale overflows.
        double best = Math.Min(slowError, Math.Min(fastError, levelError));
        double slow = Eighth(best / slowError);
        double fast = Eighth(best / fastError);
        double level = Eighth(best / levelError);
        return ((slow * _slow) + (fast * _fast) + (level * (_level + _trend))) / (slow + fast + level);
    }

    /// <summary>Learns a reading.</summary>
    /// <param name="value">A usable number.</param>
    /// <param name="clip">The largest surprise that moves a forecast by its full size; infinite to believe all.</param>
    public void Learn(double value, double clip)
    {
        if (_readings == 0)
        {
            StartAt(value);
            _readings = 1;
            return;
        }

        double slow = Math.Clamp(value - _slow, -clip, clip);
        double fast = Math.Clamp(value - _fast, -clip, clip);
        double ahead = _level + _trend;
        double level = Math.Clamp(value - ahead, -clip, clip);
        double recent = Math.Max(ErrorGain, 1 / _readings);
        _slowError += recent * (Math.Abs(slow) - _slowError);
        _fastError += recent * (Math.Abs(fast) - _fastError);
        _levelError += recent * (Math.Abs(level) - _levelError);

        _readings = Math.Min(_readings + 1, 1 / SlowGain);
        _slow += slow / _readings;
        _fast += FastGain * fast;
        _level = ahead + (HoltGain * level);
        _trend += HoltGain * TrendGain * level;
    }

    /// <summary>Takes a new level as given and keeps what is known of the errors.</summary>
    public void StartAt(double value)
    {
        (_slow, _fast, _level, _trend) = (value, value, value, 0);
    }

    private static double Eighth(double ratio)
    {
        double square = ratio * ratio;
        double fourth = square * square;
        return fourth * fourth;
    }
}
