namespace TwinGrid.Models.Process;

/// <summary>
/// Learns <see cref="ProcessMonitorParameters"/> from rows of a process that ran normally. Offline, on one thread,
/// without a clock; the same rows give the same parameters on the same processor architecture.
/// </summary>
/// <remarks>
/// The limits come from rows that were not learnt: the rows are cut into stretches, each is judged by what the
/// others show, and the limits are where the wanted part of them is beyond. Takes under a second for 500 rows of 52
/// sensors, some seconds for 9,000 rows of 43.
/// </remarks>
public static class ProcessMonitorTrainer
{
    /// <summary>Fewer rows say nothing of a limit.</summary>
    public const int FewestRows = 50;

    /// <summary>Where the single limits lie before they are moved together; the ends of tails are too few to aim at.
    /// </summary>
    private const double Aim = 0.95;

    /// <summary>Trains.</summary>
    /// <param name="sensors">The names of the sensors, one a column.</param>
    /// <param name="rows">Normal rows in order of time, at even steps; NaN where a sensor was silent.</param>
    /// <param name="training">How to learn; null for the defaults.</param>
    /// <exception cref="ArgumentException">The rows or the options cannot be learnt from; it says why.</exception>
    public static ProcessMonitorParameters Train(
        IReadOnlyList<string> sensors, IReadOnlyList<double[]> rows, ProcessMonitorTraining? training = null)
    {
        ArgumentNullException.ThrowIfNull(sensors);
        ArgumentNullException.ThrowIfNull(rows);
        training ??= new ProcessMonitorTraining();
        training.Check();
        Check(sensors, rows);

        double[][] all = [.. rows];
        NormalShape shape = NormalShape.Learn([all], training);
        return new ProcessMonitorParameters
        {
            Sensors = [.. sensors],
            Means = shape.Means,
            Deviations = shape.Deviations,
            Gains = [.. training.Gains],
            Precisions = Array.ConvertAll(shape.Precisions, precision => precision.Values),
            Limits = Limits(HeldOut(all, training), training),
            Rows = all.Length,
        };
    }

    private static void Check(IReadOnlyList<string> sensors, IReadOnlyList<double[]> rows)
    {
        if (sensors.Count is < 1 or > ProcessMonitorParameters.MostSensors)
        {
            throw new ArgumentException(
                $"{sensors.Count} sensors: expected 1 to {ProcessMonitorParameters.MostSensors}.");
        }

        if (rows.Count < FewestRows)
        {
            throw new ArgumentException($"{rows.Count} rows: expected at least {FewestRows}.");
        }

        for (int row = 0; row < rows.Count; row++)
        {
            if (rows[row].Length != sensors.Count)
            {
                throw new ArgumentException(
                    $"Row {row} has {rows[row].Length} values: expected one for each of {sensors.Count} sensors.");
            }
        }
    }

    /// <summary>Distances of all rows, each by a shape that did not see its stretch; per gain.</summary>
    private static double[][] HeldOut(double[][] rows, ProcessMonitorTraining training)
    {
        List<double>[] distances = [.. training.Gains.Select(_ => new List<double>(rows.Length))];
        for (int fold = 0; fold < training.Folds; fold++)
        {
            int from = rows.Length * fold / training.Folds;
            int to = rows.Length * (fold + 1) / training.Folds;
            double[][][] others = [rows[..from], rows[to..]];
            NormalShape shape = NormalShape.Learn([.. others.Where(stretch => stretch.Length > 0)], training);
            double[][] judged = shape.Distances(rows[from..to]);
            for (int g = 0; g < judged.Length; g++)
            {
                distances[g].AddRange(judged[g]);
            }
        }

        return Array.ConvertAll(distances, list => list.ToArray());
    }

    private static double[] Limits(double[][] distances, ProcessMonitorTraining training)
    {
        double[] limits = Array.ConvertAll(
            distances, gain => Math.Max(Quantile(gain, Aim), Magnitude.Smallest));
        double[] ratios = new double[distances[0].Length];
        for (int row = 0; row < ratios.Length; row++)
        {
            for (int g = 0; g < limits.Length; g++)
            {
                ratios[row] = Math.Max(ratios[row], distances[g][row] / limits[g]);
            }
        }

        double together = training.Margin * Quantile(ratios, 1 - training.FalseAlarms);
        return Array.ConvertAll(limits, limit => limit * together);
    }

    private static double Quantile(double[] values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(part * sorted.Length))];
    }
}
