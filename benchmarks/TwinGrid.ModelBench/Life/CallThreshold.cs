namespace TwinGrid.ModelBench.Life;

/// <summary>
/// At which remaining life to call maintenance, chosen on the training units: where the expected cost per cycle is
/// least (age replacement: Barlow and Proschan, "Mathematical Theory of Reliability", 1965, with what is said of a unit
/// in place of its age), of the thresholds at which, of as many units to come, hardly ever more fail than is bearable.
/// </summary>
/// <remarks>
/// <para>"Hardly ever" is a probability of <see cref="Doubt"/>, the failures being Poisson's: a bound on their
/// expected number would be broken in every second fleet.</para>
/// <para>
/// How likely a unit is called too late is the tail of the least that was said of units in time. Counting the training
/// units would make that 0 beyond the unluckiest of some dozens, and a threshold just there a matter of luck. So above
/// the upper fifth (of k units) the excess is taken for exponential with a mean that is known from k excesses of sum S
/// only: the next one is beyond x with probability (S/(S + x))^k (the predictive distribution with the prior 1/mean).
/// </para>
/// </remarks>
internal static class CallThreshold
{
    /// <summary>How likely more failures than are bearable may be: one in twenty, as is usual.</summary>
    public const double Doubt = 0.05;

    private const double TailShare = 0.2;
    private const int FewestInTail = 3;

    /// <summary>Chooses a threshold of 0 up to the cap, exclusive.</summary>
    /// <param name="training">The units, with what was said of them by a network that had not seen them.</param>
    /// <param name="unplanned">What an unplanned stop costs, in planned ones.</param>
    /// <param name="bearable">How many of as many units to come may fail.</param>
    public static int Choose(WatchedUnit[] training, double unplanned, int bearable)
    {
        double[] least = [.. training.Select(unit => unit.LeastInTime).Order()];
        int highest = (int)LifeBench.Cap - 1;
        return Enumerable.Range(0, highest + 1)
            .Select(threshold => (Threshold: threshold, Late: Late(least, threshold)))
            .Where(call => MoreThan(bearable, call.Late * least.Length) <= Doubt || call.Threshold == highest)
            .MinBy(call => (1 + (call.Late * (unplanned - 1))) / Cycles(training, call.Threshold))
            .Threshold;
    }

    /// <summary>The probability that less than a threshold is said of a unit only when it is too late.</summary>
    /// <param name="least">The least that was said of each of some units in time; rising, at least four.</param>
    /// <param name="threshold">The threshold.</param>
    public static double Late(ReadOnlySpan<double> least, double threshold)
    {
        int inTail = Math.Max(FewestInTail, (int)Math.Round(TailShare * least.Length));
        double edge = least[^(inTail + 1)];
        if (threshold > edge)
        {
            double excess = 0;
            foreach (double beyond in least[^inTail..])
            {
                excess += beyond - edge;
            }

            return inTail / (double)least.Length * Math.Pow(excess / (excess + threshold - edge), inTail);
        }

        int late = 0;
        foreach (double said in least)
        {
            late += said > threshold ? 1 : 0;
        }

        return late / (double)least.Length;
    }

    /// <summary>The probability of more events than this where so many are expected (Poisson).</summary>
    public static double MoreThan(int events, double expected)
    {
        double term = Math.Exp(-expected);
        double atMost = term;
        for (int i = 1; i <= events; i++)
        {
            term *= expected / i;
            atMost += term;
        }

        return 1 - atMost;
    }

    private static double Cycles(WatchedUnit[] units, double threshold) =>
        units.Sum(unit => Math.Min(unit.StopAt(threshold), unit.Life));
}
