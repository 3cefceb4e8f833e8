namespace TwinGrid.Models.Trend;

/// <summary>
/// A straight line through the newest readings: least squares with weights exp(-age/τ), kept as weighted means and
/// central moments. Unmanaged, 14 doubles.
/// </summary>
/// <remarks>
/// Means and central moments are updated as in West, "Updating mean and variance estimates", CACM 22 (1979), so no
/// difference of large sums is ever taken; times are held relative to the newest reading, so nothing grows with the
/// age of the twin. Forgetting bounds every sum, so rounding errors die out with the readings that made them.
/// </remarks>
internal struct ForgettingLine
{
    /// <summary>Source time of the newest reading, Unix microseconds.</summary>
    public long Time;

    /// <summary>Mean time between readings, seconds; 0 before the second.</summary>
    public double Interval;

    private double _weight;
    private double _weightOfSquares;
    private double _meanAge;
    private double _meanAgeOfSquares;
    private double _meanValue;
    private double _timeTime;
    private double _timeTimeOfSquares;
    private double _timeValue;
    private double _valueValue;
    private double _lastError;
    private double _errorError;
    private double _errorLagged;

    /// <summary>The line's value at the newest reading.</summary>
    public readonly double Level => _meanValue + (Slope * -_meanAge);

    /// <summary>Change per second; 0 where time has not passed.</summary>
    public readonly double Slope => _timeTime > 0 ? _timeValue / _timeTime : 0;

    /// <summary>True before the first reading.</summary>
    public readonly bool IsEmpty => _weight == 0;

    /// <summary>How many readings of equal weight would tell as much: (Σw)²/Σw² (Kish 1965).</summary>
    public readonly double EffectiveReadings => _weight * _weight / _weightOfSquares;

    /// <summary>Adds a reading and forgets older ones by the time that has passed.</summary>
    /// <param name="time">Source time; one before the last counts as the same moment.</param>
    /// <param name="value">A usable number.</param>
    /// <param name="window">The time constant τ in seconds; 0 to forget nothing yet.</param>
    /// <returns>The error of the line's forecast of this reading; NaN for the first.</returns>
    public double Add(long time, double value, double window)
    {
        if (_weight == 0)
        {
            Time = time;
            (_weight, _weightOfSquares, _meanValue) = (1, 1, value);
            return double.NaN;
        }

        // In doubles: the difference of two wild times may not fit a long.
        double passed = Math.Max(0, ((double)time - Time) / UnixMicroseconds.PerSecond);
        Time = time;
        double error = value - (_meanValue + (Slope * (passed - _meanAge)));
        double keep = window > 0 ? Math.Exp(-passed / window) : 1;
        Forget(keep, passed);

        double squares = _weightOfSquares + 1;
        double ageOfSquares = -_meanAgeOfSquares;
        _timeTimeOfSquares += _weightOfSquares / squares * ageOfSquares * ageOfSquares;
        _meanAgeOfSquares += ageOfSquares / squares;
        _weightOfSquares = squares;

        double weight = _weight + 1;
        double age = -_meanAge;
        double rise = value - _meanValue;
        double share = _weight / weight;
        _timeTime += share * age * age;
        _timeValue += share * age * rise;
        _valueValue += share * rise * rise;
        _meanAge += age / weight;
        _meanValue += rise / weight;
        _weight = weight;

        _errorError = (keep * _errorError) + (error * error);
        _errorLagged = (keep * _errorLagged) + (error * _lastError);
        _lastError = error;
        return error;
    }

    /// <summary>Counts the time since the last reading into the mean; a gap counts as five means at most.</summary>
    public void CountInterval(long time)
    {
        double passed = ((double)time - Time) / UnixMicroseconds.PerSecond;
        if (passed > 0 && _weight > 0)
        {
            Interval = Interval == 0 ? passed : Interval + (0.1 * (Math.Min(passed, 5 * Interval) - Interval));
        }
    }

    /// <summary>
    /// The standard error of the slope: σ √(Σw²(t - t̄)²) / Σw(t - t̄)², σ from the weighted residuals, times
    /// √((1+ρ)/(1-ρ)) where errors follow each other with lag-1 correlation ρ (Bartlett 1935).
    /// </summary>
    public readonly double SlopeError()
    {
        double readings = EffectiveReadings;
        if (_timeTime <= 0 || readings <= 2)
        {
            return double.PositiveInfinity;
        }

        double rounding = Magnitude.Rounding * Math.Abs(_meanValue);
        double unexplained = Math.Max(0, _valueValue - (_timeValue * (_timeValue / _timeTime))) / _weight;
        double variance = (unexplained * readings / (readings - 2)) + (rounding * rounding);
        double follow = _errorError > 0 ? Math.Clamp(_errorLagged / _errorError, 0, 0.95) : 0;
        double centres = _meanAgeOfSquares - _meanAge;
        double lever = (_timeTimeOfSquares + (_weightOfSquares * centres * centres)) / _timeTime / _timeTime;
        return Math.Sqrt(variance * lever * (1 + follow) / (1 - follow));
    }

    /// <summary>Seconds from the newest reading until a line of this slope through the centre meets a value.</summary>
    public readonly double SecondsUntil(double value, double slope) => ((value - _meanValue) / slope) + _meanAge;

    private void Forget(double keep, double passed)
    {
        _weight *= keep;
        _weightOfSquares *= keep * keep;
        _timeTime *= keep;
        _timeTimeOfSquares *= keep * keep;
        _timeValue *= keep;
        _valueValue *= keep;
        _meanAge -= passed;
        _meanAgeOfSquares -= passed;
    }
}
