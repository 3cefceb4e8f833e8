namespace TwinGrid.Models.Forecasting;

/// <summary>
/// What came when so much was expected: histograms of outcomes over knots of the expectation, both in [0,1], over a
/// slice of doubles. Any distribution: bounded, skewed, with lumps at the ends.
/// </summary>
/// <remarks>
/// An outcome is counted at its knots as far above or below the knot as it was above or below what was expected;
/// quantiles are read the same way back, each between those of the two knots. So knots far apart do not widen them.
/// </remarks>
internal static class OutcomeTable
{
    public const int StateLength = Knots * Bins;

    private const int Knots = 12;
    private const int Bins = 41;
    private const double Reach = 2;
    private const double FirstReach = 0.25;

    /// <summary>Begins with a guess about each knot that one reading outweighs.</summary>
    public static void Begin(Span<double> state)
    {
        for (int knot = 0; knot < Knots; knot++)
        {
            for (int bin = 0; bin < Bins; bin++)
            {
                double apart = Math.Abs((bin / (Bins - 1.0)) - At(knot));
                state[(knot * Bins) + bin] = Math.Max(0, FirstReach - apart) / Bins;
            }
        }
    }

    /// <summary>Counts an outcome by its share, both in [0,1].</summary>
    public static void Learn(Span<double> state, double expected, double outcome, double share, double memory)
    {
        double place = expected * (Knots - 1);
        for (int knot = Math.Max(0, (int)(place - Reach)); knot < Knots && knot < place + Reach; knot++)
        {
            double near = share * (1 - (Math.Abs(knot - place) / Reach));
            if (near > 0)
            {
                double bin = Math.Clamp(outcome + At(knot) - expected, 0, 1) * (Bins - 1);
                int low = Math.Min(Bins - 2, (int)bin);
                Span<double> row = state.Slice(knot * Bins, Bins);
                row[low] += near * (1 - (bin - low));
                row[low + 1] += near * (bin - low);
                Fade(row, memory);
            }
        }
    }

    /// <summary>Adds quantiles by their share.</summary>
    /// <param name="state">The table.</param>
    /// <param name="expected">What is expected, in [0,1].</param>
    /// <param name="share">How much they count.</param>
    /// <param name="levels">Rising, between 0 and 1.</param>
    /// <param name="quantiles">One per level.</param>
    public static void Add(
        ReadOnlySpan<double> state, double expected, double share, ReadOnlySpan<double> levels,
        Span<double> quantiles)
    {
        int knot = Math.Min(Knots - 2, (int)(expected * (Knots - 1)));
        double part = (expected * (Knots - 1)) - knot;
        AddQuantiles(state, knot, share * (1 - part), expected, levels, quantiles);
        AddQuantiles(state, knot + 1, share * part, expected, levels, quantiles);
    }

    /// <summary>
    /// Outcomes lie at the ends in lumps (calm, full power): what is within half a bin of an end is the end.
    /// </summary>
    public static void TakeEnds(Span<double> quantiles)
    {
        const double HalfBin = 0.5 / (Bins - 1);
        foreach (ref double quantile in quantiles)
        {
            quantile = quantile < HalfBin ? 0 : quantile > 1 - HalfBin ? 1 : quantile;
        }
    }

    private static double At(int knot) => knot / (Knots - 1.0);

    private static void AddQuantiles(
        ReadOnlySpan<double> state, int knot, double weight, double expected, ReadOnlySpan<double> levels,
        Span<double> quantiles)
    {
        ReadOnlySpan<double> row = state.Slice(knot * Bins, Bins);
        double total = Total(row);
        int at = 0;
        double below = 0;
        for (int level = 0; level < levels.Length; level++)
        {
            double wanted = levels[level] * total;
            while (at < Bins - 1 && below + row[at] < wanted)
            {
                below += row[at++];
            }

            double within = row[at] > 0 ? Math.Min(1, (wanted - below) / row[at]) : 0.5;
            quantiles[level] += weight * (((at - 0.5 + within) / (Bins - 1)) + expected - At(knot));
        }
    }

    private static double Total(ReadOnlySpan<double> row)
    {
        double total = 0;
        foreach (double weight in row)
        {
            total += weight;
        }

        return total;
    }

    private static void Fade(Span<double> row, double memory)
    {
        if (Total(row) > memory)
        {
            foreach (ref double weight in row)
            {
                weight /= 2;
            }
        }
    }
}
