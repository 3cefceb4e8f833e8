namespace TwinGrid.ModelBench.Wind;

/// <summary>
/// The loss of quantiles .01 to .99: (1 - q)(p - y) where the outcome y lies below the quantile p, else q(y - p);
/// averaged over the quantiles and the hours.
/// </summary>
internal sealed class PinballLoss
{
    private double _sum;
    private long _hours;

    public static double[] Levels { get; } = [.. Enumerable.Range(1, 99).Select(i => i / 100.0)];

    public double Mean => _sum / Math.Max(1, _hours);

    public void Add(double outcome, ReadOnlySpan<double> quantiles)
    {
        double sum = 0;
        for (int i = 0; i < quantiles.Length; i++)
        {
            double above = outcome - quantiles[i];
            sum += above >= 0 ? Levels[i] * above : (Levels[i] - 1) * above;
        }

        _sum += sum / quantiles.Length;
        _hours++;
    }

    public void Add(PinballLoss other)
    {
        _sum += other._sum;
        _hours += other._hours;
    }
}
