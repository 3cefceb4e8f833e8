namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// The rows of all histories as a network learns them: features, what was left of life, and how much each counts.
/// </summary>
internal sealed class LifeRows
{
    /// <summary>A standardised feature farther out says no more than one so far out.</summary>
    private const double MostDeviations = 5;

    /// <summary>Rows long before the cap are many and all alike.</summary>
    private const float WeightOfFar = 0.5f;

    private const double FarInCaps = 1.2;

    private readonly float[] _features;

    private LifeRows(int width, int rows)
    {
        Width = width;
        _features = new float[width * rows];
        (Target, Weight) = (new float[rows], new float[rows]);
    }

    public int Width { get; }

    /// <summary>Remaining life, capped and scaled by <see cref="Scale"/>.</summary>
    public float[] Target { get; }

    public float[] Weight { get; }

    public required double[] Means { get; init; }

    public required double[] Weights { get; init; }

    /// <summary>The first row of each history, and one past the last row.</summary>
    public required int[] Starts { get; init; }

    public ReadOnlySpan<float> Features(int row) => _features.AsSpan(row * Width, Width);

    /// <summary>Remaining life as a network gives it: about -1.5 to 1.</summary>
    public static double Scale(double remaining, double cap) => ((remaining / cap) - 0.6) / 0.4;

    public static double Unscale(double output, double cap) => Math.Clamp(((0.4 * output) + 0.6) * cap, 0, cap);

    public static float Standard(double feature, double mean, double weight) =>
        (float)Math.Clamp((feature - mean) * weight, -MostDeviations, MostDeviations);

    /// <summary>Runs the filter over every history.</summary>
    /// <param name="histories">Histories, of which only the filter's sensors are looked at.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="read">Shows a row of a history to the filter.</param>
    /// <param name="cap">The cap of the target.</param>
    public static LifeRows Make(
        IReadOnlyList<LifeHistory> histories, LifeFilter filter, Action<LifeHistory, int, double[]> read, double cap)
    {
        int[] starts = [0, .. histories.Select(history => history.Rows)];
        for (int i = 1; i < starts.Length; i++)
        {
            starts[i] += starts[i - 1];
        }

        double[] features = new double[filter.Width * starts[^1]];
        double[] state = new double[filter.StateLength];
        for (int i = 0; i < histories.Count; i++)
        {
            filter.Begin(state);
            for (int row = 0; row < histories[i].Rows; row++)
            {
                read(histories[i], row, state);
                filter.Describe(state, features.AsSpan((starts[i] + row) * filter.Width, filter.Width));
            }
        }

        (double[] means, double[] weights) = Standardise(features, filter.Width);
        LifeRows rows = new(filter.Width, starts[^1]) { Means = means, Weights = weights, Starts = starts };
        for (int i = 0; i < features.Length; i++)
        {
            int column = i % filter.Width;
            rows._features[i] = Standard(features[i], means[column], weights[column]);
        }

        rows.SetTargets(histories, cap);
        return rows;
    }

    private static (double[] Means, double[] Weights) Standardise(double[] features, int width)
    {
        double[] means = new double[width];
        double[] weights = new double[width];
        int rows = features.Length / width;
        for (int i = 0; i < features.Length; i++)
        {
            means[i % width] += features[i] / rows;
        }

        for (int i = 0; i < features.Length; i++)
        {
            double apart = features[i] - means[i % width];
            weights[i % width] += apart * apart / rows;
        }

        return (means, Array.ConvertAll(weights, variance => variance > 1e-12 ? 1 / Math.Sqrt(variance) : 0));
    }

    private void SetTargets(IReadOnlyList<LifeHistory> histories, double cap)
    {
        for (int i = 0; i < histories.Count; i++)
        {
            for (int row = 0; row < histories[i].Rows; row++)
            {
                double remaining = histories[i].RemainingAt(row);
                Target[Starts[i] + row] = (float)Scale(Math.Min(remaining, cap), cap);
                Weight[Starts[i] + row] = remaining > FarInCaps * cap ? WeightOfFar : 1;
            }
        }
    }
}
