namespace TwinGrid.Models.Anomaly;

/// <summary>
/// The range of all values seen, and how surprising it is to leave it. Unmanaged, 2 doubles.
/// </summary>
/// <remarks>
/// Of n exchangeable readings the next is a new extreme with probability 2/(n + 1) (Rényi 1962), so a record's
/// surprise is log10 n and grows with how far outside it lies (<see cref="Surprise"/>). The range
/// shrinks towards the mean by a <see cref="Memory"/>th a reading, so that no extreme counts for ever.
/// </remarks>
internal struct SeenRange
{
    private const double Memory = 1_000_000;

    /// <summary>To leave the range by less than this part of it is to stay.</summary>
    private const double Tolerance = 0.02;

    private double _lowest;
    private double _highest;

    public readonly double Lowest => _lowest;

    public readonly double Highest => _highest;

    public void StartAt(double value) => (_lowest, _highest) = (value, value);

    /// <summary>How surprising it is to lie this far outside, as a part of the range.</summary>
    public static double Surprise(double outside, double readings) =>
        outside > 0 ? Math.Log10(readings * (1 + outside)) : 0;

    /// <summary>Learns a value; one wild value at most doubles the range.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mean">Whereto the range shrinks.</param>
    /// <param name="indistinct">A range that is none.</param>
    /// <returns>By how much of the range it lay outside; 0 for less than 2 %.</returns>
    public double Learn(double value, double mean, double indistinct)
    {
        double width = _highest - _lowest;
        double outside = Math.Max(value - _highest, _lowest - value);
        double share = width > indistinct && outside > Tolerance * width ? outside / width : 0;
        double reach = width > indistinct ? width : double.PositiveInfinity;
        if (outside > 0)
        {
            _lowest = Math.Max(Math.Min(_lowest, value), _lowest - reach);
            _highest = Math.Min(Math.Max(_highest, value), _highest + reach);
        }
        else
        {
            _lowest += (mean - _lowest) / Memory;
            _highest += (mean - _highest) / Memory;
        }

        return share;
    }
}
