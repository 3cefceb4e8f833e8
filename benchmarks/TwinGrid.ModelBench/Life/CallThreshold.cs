namespace TwinGrid.ModelBench.Life;

/// <summary>
/// At which remaining life to call maintenance, chosen on the training units: where the cost per cycle is least if
/// units to come differ from these as these do from each other.
/// </summary>
/// <remarks>
/// The cost at the very least of some dozens of units would be that of having been lucky: one cycle later fails one
/// unit at ten times the cost. So costs are averaged over thresholds about each, by a normal kernel of the bandwidth
/// that Silverman (1986) gives for the least that was said of each unit in time.
/// </remarks>
internal static class CallThreshold
{
    public static int Choose(WatchedUnit[] training, Func<double, MaintenanceCost> cost)
    {
        MaintenanceCost[] costs = [.. Enumerable.Range(0, (int)LifeBench.Cap).Select(least => cost(least))];
        double width = Math.Max(0.5, Silverman([.. training.Select(unit => unit.LeastInTime)]));
        return Enumerable.Range(0, costs.Length).MinBy(least => Averaged(costs, least, width));
    }

    private static double Silverman(double[] values)
    {
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return 1.06 * deviation * Math.Pow(values.Length, -0.2);
    }

    private static double Averaged(MaintenanceCost[] costs, int at, double width)
    {
        double cost = 0;
        double cycles = 0;
        for (int i = 0; i < costs.Length; i++)
        {
            double weight = Math.Exp(-(i - at) * (i - at) / (2 * width * width));
            cost += weight * costs[i].Cost;
            cycles += weight * costs[i].Cycles;
        }

        return cost / cycles;
    }
}
