namespace TwinGrid.Models.Forecasting;

/// <summary>
/// Recursive least squares over a slice of doubles: weights, then the lower half of the inverse of Σ x x′ row by row
/// (Plackett, Biometrika 37, 1950). Nothing is allocated.
/// </summary>
/// <remarks>
/// Older readings fade by 1 - 1/memory a step, but no direction becomes less certain than at the start: what is not
/// seen for years (a storm) keeps its weights and does not burst.
/// </remarks>
/// <param name="width">How many weights.</param>
/// <param name="memory">How many readings count.</param>
/// <param name="free">How many of the weights, from the first, may be of size 1 from the start.</param>
/// <param name="small">
/// The variance of the others where nothing is known of them, over that of the noise: less keeps them small for longer.
/// </param>
internal sealed class LeastSquares(int width, double memory, int free, double small)
{
    /// <summary>The variance of a weight that nothing is known of, where targets are of size 1.</summary>
    private const double Unknown = 5;

    private readonly double _fading = 1 - (1 / memory);

    public int StateLength { get; } = width + (width * (width + 1) / 2);

    public void Begin(Span<double> state)
    {
        state.Clear();
        for (int i = 0; i < width; i++)
        {
            state[At(i, i)] = i < free ? Unknown : small;
        }
    }

    public double Predict(ReadOnlySpan<double> state, ReadOnlySpan<double> features)
    {
        double sum = 0;
        for (int i = 0; i < width; i++)
        {
            sum += state[i] * features[i];
        }

        return sum;
    }

    /// <summary>Learns that the target was off by this much from what <see cref="Predict"/> gave.</summary>
    public void Learn(Span<double> state, ReadOnlySpan<double> features, double error)
    {
        Span<double> reach = stackalloc double[width];
        Reach(state, features, reach);
        double spread = 1;
        double widest = 0;
        for (int i = 0; i < width; i++)
        {
            spread += reach[i] * features[i];
            widest = Math.Max(widest, state[At(i, i)]);
        }

        double fading = widest < Unknown * _fading ? _fading : 1;
        for (int i = 0; i < width; i++)
        {
            double gain = reach[i] / spread;
            state[i] += gain * error;
            Span<double> row = state.Slice(At(i, 0), i + 1);
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = (row[j] - (gain * reach[j])) / fading;
            }
        }
    }

    private void Reach(ReadOnlySpan<double> state, ReadOnlySpan<double> features, Span<double> reach)
    {
        reach.Clear();
        for (int i = 0; i < width; i++)
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

    private int At(int row, int column) => width + (row * (row + 1) / 2) + column;
}
