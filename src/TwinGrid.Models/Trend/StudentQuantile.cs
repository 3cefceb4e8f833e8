using MathNet.Numerics.Distributions;

namespace TwinGrid.Models.Trend;

/// <summary>
/// Student's quantile of one confidence for any degrees of freedom: read from a table that is made once, because the
/// exact one is a search. Immutable, thread-safe; reading allocates nothing.
/// </summary>
/// <remarks>
/// Between two nodes of 1/freedom its logarithm is a straight line: at 99.99 % that is within 0.1 % of the exact one,
/// which Abramowitz and Stegun 26.7.5, the usual series, misses by a half at one degree of freedom.
/// </remarks>
internal sealed class StudentQuantile
{
    private const int Steps = 64;

    private readonly double[] _logarithms = new double[Steps + 1];

    /// <param name="confidence">Two-sided, above 0 and below 1.</param>
    public StudentQuantile(double confidence)
    {
        double below = (1 + confidence) / 2;
        _logarithms[0] = Math.Log(Normal.InvCDF(0, 1, below));
        for (int i = 1; i <= Steps; i++)
        {
            _logarithms[i] = Math.Log(StudentT.InvCDF(0, 1, (double)Steps / i, below));
        }
    }

    /// <summary>The quantile; infinite below one degree of freedom.</summary>
    public double At(double freedom)
    {
        if (!(freedom >= 1))
        {
            return double.PositiveInfinity;
        }

        double place = Steps / freedom;
        int left = Math.Min((int)place, Steps - 1);
        double way = place - left;
        return Math.Exp(_logarithms[left] + (way * (_logarithms[left + 1] - _logarithms[left])));
    }
}
