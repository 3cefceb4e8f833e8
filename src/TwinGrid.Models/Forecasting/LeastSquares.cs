namespace TwinGrid.Models.Forecasting;

/// <summary>
/// Recursive least squares over a slice of doubles: weights, then the lower half of the inverse of Σ x x′ row by row
/// (Plackett, Biometrika 37, 1950). Nothing is allocated.
/// </summary>
/// <remarks>
/// Older readings fade by 1 - 1/memory a step, but no weight becomes less certain than it was at first: what is not
/// seen for years (a storm) keeps its weights and does not burst, and what is seen is forgotten all the same.
/// </remarks>
/// <param name="unknown">
/// For each weight the variance where nothing is known of it, over that of the noise: less keeps it small for longer.
/// </param>
/// <param name="memory">How many readings count.</param>
internal sealed class LeastSquares(double[] unknown, double memory)
{
    private readonly int _width = unknown.Length;
    private readonly double _growth = 1 / Math.Sqrt(1 - (1 / memory));

    public int StateLength { get; } = unknown.Length + (unknown.Length * (unknown.Length + 1) / 2);

    public void Begin(Span<double> state)
    {
        state.Clear();
        for (int i = 0; i < _width; i++)
        {
            state[At(i, i)] = unknown[i];
        }
    }

    public double Predict(ReadOnlySpan<double> state, ReadOnlySpan<double> features)
    {
        double sum = 0;
        for (int i = 0; i < _width; i++)
        {
            sum += state[i] * features[i];
        }

        return sum;
    }

    /// <summary>Learns that the target was off by this much from what <see cref="Predict"/> gave.</summary>
    public void Learn(Span<double> state, ReadOnlySpan<double> features, double error)
    {
        Span<double> reach = stackalloc double[_width];
        Reach(state, features, reach);
        double spread = 1;
        for (int i = 0; i < _width; i++)
        {
            spread += reach[i] * features[i];
        }

        // Never below 1 but for rounding.
        spread = Math.Max(1, spread);

        // Each weight's row and column grow alike, so that the matrix stays positive definite: D P D.
        Span<double> grow = stackalloc double[_width];
        for (int i = 0; i < _width; i++)
        {
            double gain = reach[i] / spread;
            state[i] += gain * error;
            double left = state[At(i, i)] - (gain * reach[i]);
            grow[i] = left * _growth * _growth <= unknown[i] ? _growth : 1;
            Span<double> row = state.Slice(At(i, 0), i + 1);
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = (row[j] - (gain * reach[j])) * (grow[i] * grow[j]);
            }
        }
    }

    private void Reach(ReadOnlySpan<double> state, ReadOnlySpan<double> features, Span<double> reach)
    {
        reach.Clear();
        for (int i = 0; i < _width; i++)
        {
            ReadOnlySpan<double> row = state.Slice(At(i, 0), i + 1);
            double feature = features[i];
            double sum = 0;
            for (int j = 0; j < i; j++)
            {
                sum += row[j] * features[j];
                reach[j] += row[j] * feature;
            }

            reach[i] += sum + (row[i] * feature);
        }
    }

    private int At(int row, int column) => _width + (row * (row + 1) / 2) + column;
}
