namespace TwinGrid.Models.Forecasting;

/// <summary>
/// The two least and the two greatest of the first inputs: whether one of them lies alone is known once the others
/// came, whichever came first. Unmanaged, 4 doubles.
/// </summary>
internal struct OutermostInputs
{
    private double _least;
    private double _nextLeast;
    private double _nextGreatest;
    private double _greatest;

    public void Begin()
    {
        // Beyond every usable input, and finite as all of a state is.
        _least = _nextLeast = Magnitude.Limit;
        _greatest = _nextGreatest = -Magnitude.Limit;
    }

    public void Add(double input)
    {
        _nextLeast = Math.Min(_nextLeast, Math.Max(_least, input));
        _least = Math.Min(_least, input);
        _nextGreatest = Math.Max(_nextGreatest, Math.Min(_greatest, input));
        _greatest = Math.Max(_greatest, input);
    }

    /// <summary>Whether one of them lies farther outside the others than so many times their range.</summary>
    public readonly bool OneIsAlone(double ranges)
    {
        double far = ranges * (_nextGreatest - _nextLeast);
        return _nextLeast - _least > far || _greatest - _nextGreatest > far;
    }
}
