namespace TwinGrid.Models.RemainingLife;

/// <summary>How far the truth lay from what was predicted, by what was predicted. A plain value.</summary>
/// <param name="Predicted">Predictions, rising.</param>
/// <param name="Lower">The lower end of the interval at each.</param>
/// <param name="Median">The median of the truth at each.</param>
/// <param name="Upper">The upper end of the interval at each.</param>
public sealed record LifeInterval(double[] Predicted, double[] Lower, double[] Median, double[] Upper)
{
    internal bool IsSound => Predicted.Length > 1
        && Lower.Length == Predicted.Length && Median.Length == Predicted.Length && Upper.Length == Predicted.Length
        && Predicted.Zip(Predicted.Skip(1)).All(pair => pair.First < pair.Second)
        && Enumerable.Range(0, Predicted.Length).All(i => Lower[i] <= Median[i] && Median[i] <= Upper[i]);

    /// <summary>The interval at a prediction: a straight line between neighbours.</summary>
    internal (double Lower, double Median, double Upper) At(double predicted)
    {
        int right = 1;
        while (right < Predicted.Length - 1 && Predicted[right] < predicted)
        {
            right++;
        }

        double span = Predicted[right] - Predicted[right - 1];
        double way = Math.Clamp((predicted - Predicted[right - 1]) / span, 0, 1);
        double lower = Mix(Lower, right, way);
        double median = Math.Max(lower, Mix(Median, right, way));
        return (lower, median, Math.Max(median, Mix(Upper, right, way)));
    }

    // Rounding must not carry it beyond the knot.
    private static double Mix(double[] ends, int right, double way) => way >= 1
        ? ends[right]
        : Math.Min(Math.Max(ends[right - 1], ends[right]), ends[right - 1] + (way * (ends[right] - ends[right - 1])));
}
