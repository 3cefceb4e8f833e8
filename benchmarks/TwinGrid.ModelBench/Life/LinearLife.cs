using MathNet.Numerics.LinearAlgebra;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// The yardstick: a linear regression of the capped remaining life on one row's age, settings and sensors, which knows
/// neither operating regimes nor the past.
/// </summary>
internal sealed class LinearLife
{
    /// <summary>Keeps columns that stand still, or follow each other, from making the system singular.</summary>
    private const double Ridge = 1e-6;

    private readonly double[] _means;
    private readonly double[] _weights;
    private readonly Vector<double> _slopes;
    private readonly double _level;

    private LinearLife(double[] means, double[] weights, Vector<double> slopes, double level) =>
        (_means, _weights, _slopes, _level) = (means, weights, slopes, level);

    public static LinearLife Learn(LifeHistory[] units)
    {
        double[][] rows = [.. units.SelectMany(unit => Enumerable.Range(0, unit.Rows).Select(row => Row(unit, row)))];
        double[] truth =
        [
            .. units.SelectMany(unit => Enumerable.Range(0, unit.Rows)
                .Select(row => Math.Min(unit.RemainingAt(row), LifeBench.Cap))),
        ];
        int columns = rows[0].Length;
        double[] means = [.. Enumerable.Range(0, columns).Select(c => rows.Average(row => row[c]))];
        double[] weights =
        [
            .. Enumerable.Range(0, columns)
                .Select(c => Math.Sqrt(rows.Average(row => (row[c] - means[c]) * (row[c] - means[c]))))
                .Select((deviation, c) => deviation > 1e-9 * Math.Abs(means[c]) ? 1 / deviation : 0),
        ];
        Matrix<double> x = Matrix<double>.Build.Dense(
            rows.Length, columns, (r, c) => (rows[r][c] - means[c]) * weights[c]);
        double level = truth.Average();
        Vector<double> y = Vector<double>.Build.Dense(truth.Length, r => truth[r] - level);
        Matrix<double> squares = x.TransposeThisAndMultiply(x)
            + (Matrix<double>.Build.DenseIdentity(columns) * (Ridge * rows.Length));
        return new LinearLife(means, weights, squares.Cholesky().Solve(x.TransposeThisAndMultiply(y)), level);
    }

    public double Predict(LifeHistory unit, int row)
    {
        double[] values = Row(unit, row);
        double sum = _level;
        for (int c = 0; c < values.Length; c++)
        {
            sum += (values[c] - _means[c]) * _weights[c] * _slopes[c];
        }

        return Math.Clamp(sum, 0, LifeBench.Cap);
    }

    private static double[] Row(LifeHistory unit, int row) =>
        [unit.Ages[row], .. unit.Settings[row], .. unit.Sensors[row]];
}
