namespace TwinGrid.Models.RemainingLife;

/// <summary>What must be known of a fleet before a network can learn: regimes, sensors worth reading, lives.</summary>
internal sealed class FleetShape
{
    /// <summary>A sensor whose spread is a smaller part of its mean stands still.</summary>
    private const double LeastSpread = 1e-6;

    private const double CapInMedianLives = 0.6;

    private readonly LifeInputs _inputs;
    private readonly RegimeMap _map;
    private readonly OperatingRegime[] _regimes;
    private readonly int[] _sensors;
    private readonly double[] _memories;
    private readonly double _pace;
    private readonly double _medianLife;

    private FleetShape(
        LifeInputs inputs, RegimeMap map, OperatingRegime[] all, int[] sensors, IReadOnlyList<LifeHistory> histories,
        RemainingLifeTraining training)
    {
        (_inputs, _map, _sensors) = (inputs, map, sensors);
        _regimes = Array.ConvertAll(all, regime => new OperatingRegime(
            regime.Centre, Pick(regime.Means, sensors), Pick(regime.Deviations, sensors)));
        _medianLife = Median(histories.Select(history => history.Ages[^1]));
        _pace = Median(histories.SelectMany(h => h.Ages.Zip(h.Ages.Skip(1), (before, after) => after - before)));
        _memories = [.. training.Memories.Select(memory => memory * _medianLife)];
        Cap = training.Cap ?? CapInMedianLives * _medianLife;
        Filter = new LifeFilter(_regimes, _memories, _pace, _medianLife);
    }

    public double Cap { get; }

    public LifeFilter Filter { get; }

    public static FleetShape Learn(
        LifeInputs inputs, IReadOnlyList<LifeHistory> histories, RemainingLifeTraining training)
    {
        double[][] settings = [.. histories.SelectMany(h => h.Settings).Where(row => Array.TrueForAll(row, IsUsable))];
        if (settings.Length == 0)
        {
            throw new ArgumentException("No row has all operating settings.");
        }

        RegimeMap map = RegimeMap.Learn(settings, inputs.Settings.Count);
        SensorStatistics statistics = new(map, inputs.Sensors.Count);
        double cap = training.Cap ?? CapInMedianLives * Median(histories.Select(history => history.Ages[^1]));
        foreach (LifeHistory history in histories)
        {
            statistics.Add(history, cap);
        }

        int[] sensors = [.. Enumerable.Range(0, inputs.Sensors.Count).Where(sensor =>
            statistics.Moves(sensor, LeastSpread)
            && Math.Abs(statistics.Correlation(sensor)) >= RemainingLifeTrainer.LeastCorrelation)];
        return sensors.Length == 0
            ? throw new ArgumentException("No sensor follows remaining life: there is nothing to predict it from.")
            : new FleetShape(inputs, map, statistics.Regimes(), sensors, histories, training);
    }

    /// <summary>Shows a row of a history to the filter.</summary>
    public void Read(LifeHistory history, int row, double[] state)
    {
        Filter.Grow(state, history.Ages[row]);
        state[LifeFilter.Regime] = _map.Find(history.Settings[row]);
        for (int i = 0; i < _sensors.Length && state[LifeFilter.Regime] >= 0; i++)
        {
            double value = history.Sensors[row][_sensors[i]];
            if (IsUsable(value))
            {
                Filter.See(state, i, value);
            }
        }
    }

    public RemainingLifeParameters Describe(
        IReadOnlyList<LifeHistory> histories, LifeRows rows, LifeNetwork[] networks, double confidence,
        LifeInterval interval) => new()
        {
            Age = _inputs.Age,
            Settings = [.. _inputs.Settings],
            Sensors = [.. _sensors.Select(sensor => _inputs.Sensors[sensor])],
            Cap = Cap,
            Pace = _pace,
            MedianLife = _medianLife,
            Memories = _memories,
            SettingWeights = _map.Weights,
            Radius = _map.Radius,
            Regimes = _regimes,
            Healthy = Healthy(histories),
            FeatureMeans = rows.Means,
            FeatureWeights = rows.Weights,
            Networks = networks,
            Confidence = confidence,
            Interval = interval,
            Units = histories.Count,
            Rows = rows.Target.Length,
        };

    private static bool IsUsable(double value) => Magnitude.IsUsable(value);

    private static double[] Pick(double[] values, int[] which) => Array.ConvertAll(which, i => values[i]);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The mean of each sensor before the cap, in deviations of its regime.</summary>
    private double[] Healthy(IReadOnlyList<LifeHistory> histories)
    {
        double[] sums = new double[_sensors.Length];
        double[] counts = new double[_sensors.Length];
        foreach (LifeHistory history in histories)
        {
            for (int row = 0; row < history.Rows && history.RemainingAt(row) > Cap; row++)
            {
                int regime = _map.Find(history.Settings[row]);
                for (int i = 0; i < _sensors.Length && regime >= 0; i++)
                {
                    double value = history.Sensors[row][_sensors[i]];
                    if (IsUsable(value))
                    {
                        sums[i] += (value - _regimes[regime].Means[i]) / _regimes[regime].Deviations[i];
                        counts[i]++;
                    }
                }
            }
        }

        return [.. sums.Zip(counts, (sum, count) => sum / Math.Max(1, count))];
    }
}
