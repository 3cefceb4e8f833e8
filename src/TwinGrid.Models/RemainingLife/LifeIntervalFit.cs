namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Learns a <see cref="LifeInterval"/> from predictions of units that their network had not seen: conformal
/// prediction with residuals from cross-validation (CV+; Barber, Candès, Ramdas and Tibshirani 2021), here by
/// weighted quantiles of truth minus prediction among predictions alike, because the doubt is small near the end.
/// </summary>
internal sealed class LifeIntervalFit
{
    private const int Knots = 26;

    /// <summary>Predictions count as alike when this far apart, as a share of the cap: weight e^-½.</summary>
    private const double AlikeInCaps = 0.04;

    private readonly List<(double Predicted, double Error, double Weight)> _rows = [];
    private readonly double _cap;

    public LifeIntervalFit(double cap) => _cap = cap;

    public void Add(double predicted, double truth, double weight) =>
        _rows.Add((predicted, Math.Min(truth, _cap) - predicted, weight));

    public LifeInterval Fit(double confidence)
    {
        _rows.Sort((a, b) => a.Error.CompareTo(b.Error));
        LifeInterval interval = new(
            new double[Knots], new double[Knots], new double[Knots], new double[Knots]);
        double[] weights = new double[_rows.Count];
        for (int k = 0; k < Knots; k++)
        {
            double at = Math.Min(_cap, _cap * k / (Knots - 1));
            double total = Weigh(at, weights);
            interval.Predicted[k] = at;
            interval.Lower[k] = Quantile(weights, total * (1 - confidence) / 2, at);
            interval.Median[k] = Quantile(weights, total / 2, at);
            interval.Upper[k] = Quantile(weights, total * (1 + confidence) / 2, at);
        }

        Rise(interval.Lower);
        Rise(interval.Median);
        Rise(interval.Upper);
        return interval;
    }

    /// <summary>More predicted life is never less life.</summary>
    private static void Rise(double[] ends)
    {
        for (int i = 1; i < ends.Length; i++)
        {
            ends[i] = Math.Max(ends[i], ends[i - 1]);
        }
    }

    private double Weigh(double at, double[] weights)
    {
        double total = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            double apart = (_rows[i].Predicted - at) / (AlikeInCaps * _cap);
            weights[i] = _rows[i].Weight * Math.Exp(-apart * apart / 2);
            total += weights[i];
        }

        return total;
    }

    // Where a prediction was never made nothing is known: the prediction itself.
    private double Quantile(double[] weights, double below, double at)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (sum >= below && sum > 0)
            {
                return Math.Clamp(at + _rows[i].Error, 0, _cap);
            }
        }

        return at;
    }
}
