namespace TwinGrid.Models.Forecasting;

/// <summary>
/// What came when so much was expected: histograms of outcomes over knots of the expectation, both in [0,1], over a
/// slice of doubles. Quantiles are read between two knots. Any distribution: bounded, skewed, with lumps at the ends.
/// </summary>
internal static class OutcomeTable
{
    public const int StateLength = Knots * Bins;

    private const int Knots = 17;
    private const int Bins = 41;
    private const double Reach = 1.5;
    private const double FirstReach = 0.25;

    /// <summary>Begins with a guess about each knot that one reading outweighs.</summary>
    public static void Begin(Span<double> state)
    {
        for (int knot = 0; knot < Knots; knot++)
        {
            for (int bin = 0; bin < Bins; bin++)
            {
                double apart = Math.Abs((bin / (Bins - 1.0)) - (knot / (Knots - 1.0)));
                state[(knot * Bins) + bin] = Math.Max(0, FirstReach - apart) / Bins;
            }
        }
    }

    public static void Learn(Span<double> state, double expected, double outcome, double memory)
    {
        double place = Math.Clamp(expected, 0, 1) * (Knots - 1);
        double bin = Math.Clamp(outcome, 0, 1) * (Bins - 1);
        int low = Math.Min(Bins - 2, (int)bin);
        for (int knot = Math.Max(0, (int)(place - Reach)); knot < Knots && knot < place + Reach; knot++)
        {
            double near = 1 - (Math.Abs(knot - place) / Reach);
            if (near > 0)
            {
                Span<double> row = state.Slice(knot * Bins, Bins);
                row[low] += near * (1 - (bin - low));
                row[low + 1] += near * (bin - low);
                Fade(row, memory);
            }
        }
    }

    /// <summary>Reads quantiles.</summary>
    /// <param name="state">The table.</param>
    /// <param name="expected">What is expected, in [0,1].</param>
    /// <param name="levels">Rising, between 0 and 1.</param>
    /// <param name="quantiles">Takes one value per level, rising, in [0,1].</param>
    public static void Read(
        ReadOnlySpan<double> state, double expected, ReadOnlySpan<double> levels, Span<double> quantiles)
    {
        double place = Math.Clamp(expected, 0, 1) * (Knots - 1);
        int knot = Math.Min(Knots - 2, (int)place);
        double part = place - knot;
        Span<double> row = stackalloc double[Bins];
        double total = 0;
        for (int bin = 0; bin < Bins; bin++)
        {
            row[bin] = ((1 - part) * state[(knot * Bins) + bin]) + (part * state[((knot + 1) * Bins) + bin]);
            total += row[bin];
        }

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
            quantiles[level] = Math.Clamp((at - 0.5 + within) / (Bins - 1), 0, 1);
        }
    }

    private static void Fade(Span<double> row, double memory)
    {
        double total = 0;
        foreach (double weight in row)
        {
            total += weight;
        }

        if (total > memory)
        {
            foreach (ref double weight in row)
            {
                weight /= 2;
            }
        }
    }
}
