namespace TwinGrid.Models.Process;

/// <summary>How a process is when it is normal: means, deviations and, for each running mean, a precision.</summary>
/// <remarks>
/// Of stretches of rows that follow each other: covariance of deviations, widened where fifths of all rows differ in
/// their means (drift), shrunk toward the identity by sensors/rows (Ledoit and Wolf 2004: what so few rows cannot
/// tell). The covariance of a running mean is its own, shrunk by a fifth toward the rows' scaled to its size: a mean
/// over long has few that are independent.
/// </remarks>
internal sealed class NormalShape
{
    private const double ShareOfRows = 0.2;
    private const double LeastShrinkage = 0.001;
    private const double MostShrinkage = 0.3;
    private const int DriftStretches = 5;

    /// <summary>Of a sensor that stood still, this part of its mean counts as a deviation.</summary>
    private const double StillPart = 0.02;

    private readonly double[] _gains;

    private NormalShape(double[] means, double[] deviations, IReadOnlyList<double> gains)
    {
        (Means, Deviations) = (means, deviations);
        _gains = [.. gains];
        Precisions = new SymmetricMatrix[gains.Count];
    }

    public double[] Means { get; }

    public double[] Deviations { get; }

    public SymmetricMatrix[] Precisions { get; }

    public static NormalShape Learn(IReadOnlyList<double[][]> stretches, ProcessMonitorTraining training)
    {
        double[][] rows = [.. stretches.SelectMany(stretch => stretch)];
        (double[] means, double[] deviations, bool[] still) = Measure(rows);
        NormalShape shape = new(means, deviations, training.Gains);
        SymmetricMatrix drift = shape.DriftOf(rows, training.Drift);
        SymmetricMatrix identity = Identity(means.Length);
        double share = Math.Clamp((double)means.Length / rows.Length, LeastShrinkage, MostShrinkage);
        SymmetricMatrix wide = shape.CovarianceOf(stretches, 1, drift, still).Shrunk(share, identity, 1);
        SymmetricMatrix precision = wide.Inverse();
        for (int g = 0; g < shape._gains.Length; g++)
        {
            if (shape._gains[g] >= 1)
            {
                shape.Precisions[g] = precision;
                continue;
            }

            SymmetricMatrix own = shape.CovarianceOf(stretches, shape._gains[g], drift, still);
            double size = own.TraceOfProduct(precision) / means.Length;
            shape.Precisions[g] = own.Shrunk(ShareOfRows, wide, size).Inverse();
        }

        return shape;
    }

    /// <summary>The distances of the running means of a stretch, per gain and row.</summary>
    public double[][] Distances(double[][] stretch)
    {
        double[][] distances = Array.ConvertAll(_gains, _ => new double[stretch.Length]);
        for (int g = 0; g < _gains.Length; g++)
        {
            RunningDeviations running = new(this, _gains[g]);
            for (int row = 0; row < stretch.Length; row++)
            {
                distances[g][row] = Precisions[g].Quadratic(running.Next(stretch[row]));
            }
        }

        return distances;
    }

    private static SymmetricMatrix Identity(int size)
    {
        SymmetricMatrix identity = new(size);
        for (int i = 0; i < size; i++)
        {
            identity[i, i] = 1;
        }

        return identity;
    }

    private static (double[] Means, double[] Deviations, bool[] Still) Measure(double[][] rows)
    {
        int sensors = rows[0].Length;
        double[] means = new double[sensors];
        double[] deviations = new double[sensors];
        bool[] still = new bool[sensors];
        for (int sensor = 0; sensor < sensors; sensor++)
        {
            double[] seen = [.. rows.Select(row => row[sensor]).Where(Magnitude.IsUsable)];
            double mean = seen.Length == 0 ? 0 : seen.Average();
            double deviation = seen.Length == 0 ? 0 : Math.Sqrt(seen.Average(value => (value - mean) * (value - mean)));
            still[sensor] = deviation <= 1e-9 * Math.Abs(mean);
            means[sensor] = mean;
            deviations[sensor] = still[sensor]
                ? Math.Max(StillPart * Math.Abs(mean), Magnitude.Smallest)
                : deviation;
        }

        return (means, deviations, still);
    }

    private SymmetricMatrix CovarianceOf(
        IReadOnlyList<double[][]> stretches, double gain, SymmetricMatrix drift, bool[] still)
    {
        SymmetricMatrix covariance = new(Means.Length);
        double weight = 1.0 / stretches.Sum(stretch => stretch.Length);
        foreach (double[][] stretch in stretches)
        {
            RunningDeviations running = new(this, gain);
            foreach (double[] row in stretch)
            {
                covariance.AddSquare(running.Next(row), weight);
            }
        }

        for (int i = 0; i < drift.Values.Length; i++)
        {
            covariance.Values[i] += drift.Values[i];
        }

        for (int sensor = 0; sensor < still.Length; sensor++)
        {
            covariance[sensor, sensor] += still[sensor] ? gain / (2 - gain) : 0;
        }

        return covariance;
    }

    private SymmetricMatrix DriftOf(double[][] rows, double forgiven)
    {
        SymmetricMatrix drift = new(Means.Length);
        for (int k = 0; k < DriftStretches; k++)
        {
            double[] mean = new double[Means.Length];
            int from = rows.Length * k / DriftStretches;
            int to = rows.Length * (k + 1) / DriftStretches;
            RunningDeviations running = new(this, 1);
            for (int row = from; row < to; row++)
            {
                ReadOnlySpan<double> deviations = running.Next(rows[row]);
                for (int i = 0; i < mean.Length; i++)
                {
                    mean[i] += deviations[i] / (to - from);
                }
            }

            drift.AddSquare(mean, forgiven / DriftStretches);
        }

        return drift;
    }

    /// <summary>A running mean of deviations, begun at the normal mean. A sensor that is silent is as it was.</summary>
    private sealed class RunningDeviations(NormalShape shape, double gain)
    {
        private readonly double[] _mean = new double[shape.Means.Length];

        public ReadOnlySpan<double> Next(double[] row)
        {
            for (int i = 0; i < _mean.Length; i++)
            {
                double deviation = (row[i] - shape.Means[i]) / shape.Deviations[i];
                if (Magnitude.IsUsable(row[i]))
                {
                    deviation = Math.Clamp(deviation, -ProcessMonitor.MostDeviations, ProcessMonitor.MostDeviations);
                    _mean[i] += gain * (deviation - _mean[i]);
                }
            }

            return _mean;
        }
    }
}
