using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace TwinGrid.Models.Trend;

/// <summary>
/// Student's two-sided quantile of one confidence for any degrees of freedom: read from a table that is made once,
/// because the exact one is a search. Immutable, thread-safe; reading allocates nothing.
/// </summary>
/// <remarks>
/// Between two nodes of 1/freedom its logarithm is a straight line, up to a confidence of 99.99 % within 0.05 % of the
/// exact one. The usual series (Abramowitz and Stegun 26.7.5) gives less than half of it at 99 % and one degree.
/// </remarks>
internal sealed class StudentQuantile
{
    private const int Steps = 64;
    private const int Halvings = 64;

    private readonly double[] _logarithms = new double[Steps + 1];

    /// <param name="confidence">Above 0 and below 1.</param>
    public StudentQuantile(double confidence)
    {
        _logarithms[0] = Math.Log(Normal.InvCDF(0, 1, (1 + confidence) / 2));
        for (int i = 1; i <= Steps; i++)
        {
            _logarithms[i] = Math.Log(Search((double)Steps / i, confidence));
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

    /// <summary>
    /// Where the part beyond ±t, the regularized beta function of ν/(ν + t²), is 1 - confidence (Abramowitz and Stegun
    /// 26.7.1), between none and the quantile of one degree of freedom, the greatest.
    /// </summary>
    private static double Search(double freedom, double confidence)
    {
        (double low, double high) = (0, Math.Tan(Math.PI / 2 * confidence));
        for (int i = 0; i < Halvings; i++)
        {
            double t = (low + high) / 2;
            double beyond = SpecialFunctions.BetaRegularized(freedom / 2, 0.5, freedom / (freedom + (t * t)));
            (low, high) = beyond > 1 - confidence ? (t, high) : (low, t);
        }

        return high;
    }
}
