using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.Process;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Cost;

/// <summary>What is measured: the standard stack and each model, on signals that wander and jitter.</summary>
internal static class CostSubjects
{
    public const string StandardStack = "Anomaly + TrendToLimit on 4 telemetries";

    private const int Messages = 4096;
    private const int ProcessSensors = 8;
    private const int LifeSensors = 14;

    public static IEnumerable<CostSubject> All()
    {
        IPredictiveModel anomaly = CostSubject.Make("Anomaly", ["x"]);
        IPredictiveModel trend = CostSubject.Make("TrendToLimit", ["x"], """{ "limit": 1000 }""");
        IPredictiveModel[] stack = [.. Enumerable.Range(0, 4).SelectMany(_ => new[] { anomaly, trend })];
        double[][] signals = Signals(4, 1);
        double[] none = [.. Enumerable.Repeat(double.NaN, Messages)];

        // Each telemetry is read by two models.
        double[][] doubled = Array.ConvertAll(signals, row => row.SelectMany(x => new[] { x, x }).ToArray());

        yield return new CostSubject(StandardStack, stack, 4, doubled, none);
        yield return new CostSubject("Anomaly", [anomaly], 1, Signals(1, 1), none);
        yield return new CostSubject("TrendToLimit", [trend], 1, Signals(1, 1), none);
        yield return PowerCurve();
        yield return new CostSubject(
            "HeartRhythm", [CostSubject.Make("HeartRhythm", ["interval"])], 1, Beats(), none);
        yield return ProcessMonitor(none);
        yield return RemainingLife(none);
        yield return PowerForecast();
    }

    private static CostSubject PowerCurve()
    {
        double[][] wind = Wind(1);
        return new CostSubject(
            "PowerCurve",
            [CostSubject.Make("PowerCurve", ["wind"], output: "power")],
            1,
            wind,
            Array.ConvertAll(wind, row => 3600 / (1 + Math.Exp(8 - row[0]))));
    }

    private static CostSubject PowerForecast()
    {
        double[][] wind = Wind(2);
        return new CostSubject(
            "PowerForecast, 1 place",
            [CostSubject.Make("PowerForecast", ["east", "north"], output: "power")],
            1,
            wind,
            Array.ConvertAll(wind, row => 1 / (1 + Math.Exp(8 - Math.Sqrt((row[0] * row[0]) + (row[1] * row[1]))))));
    }

    private static CostSubject ProcessMonitor(double[] none)
    {
        string[] sensors = [.. Enumerable.Range(1, ProcessSensors).Select(i => $"s{i}")];
        double[][] rows = Signals(ProcessSensors, 1);
        string options = $$"""{ "parameters": {{ProcessMonitorTrainer.Train(sensors, rows[..1000]).ToJson()}} }""";
        return new CostSubject(
            $"ProcessMonitor, {ProcessSensors} sensors",
            [CostSubject.Make("ProcessMonitor", sensors, options)],
            1,
            rows,
            none);
    }

    private static CostSubject RemainingLife(double[] none)
    {
        const int Cycles = 100;
        LifeHistory[] units = [.. Enumerable.Range(0, 12).Select(unit => new LifeHistory(
            $"unit {unit}",
            [.. Enumerable.Range(1, Cycles).Select(cycle => (double)cycle)],
            [.. Enumerable.Repeat(Array.Empty<double>(), Cycles)],
            Wearing(Signals(LifeSensors, unit + 1)[..Cycles])))];
        LifeInputs inputs = new([], [.. Enumerable.Range(1, LifeSensors).Select(i => $"s{i}")]);
        RemainingLifeParameters learnt = RemainingLifeTrainer.Train(
            inputs, units, new RemainingLifeTraining { Epochs = 2 });
        IPredictiveModel model = CostSubject.Make(
            "RemainingLife", inputs.Sensors, $$"""{ "parameters": {{learnt.ToJson()}} }""");
        return new CostSubject(
            $"RemainingLife, {learnt.Sensors.Count} sensors", [model], 1, Signals(LifeSensors, 99), none);
    }

    /// <summary>Signals about 100 that wander a little and jitter by one, read to a hundredth.</summary>
    private static double[][] Signals(int count, int seed)
    {
        Random chance = new(seed);
        double[] level = new double[count];
        double[][] rows = new double[Messages][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new double[count];
            for (int s = 0; s < count; s++)
            {
                level[s] = (0.999 * level[s]) + (0.1 * Noise.Gaussian(chance));
                rows[i][s] = Math.Round(100 + level[s] + Noise.Gaussian(chance), 2);
            }
        }

        return rows;
    }

    private static double[][] Wearing(double[][] rows) =>
        [.. rows.Select((row, i) => Array.ConvertAll(row, x => x + (0.1 * i)))];

    private static double[][] Wind(int components) => Array.ConvertAll(
        Signals(components, 7), row => Array.ConvertAll(row, value => Math.Abs(value - 92)));

    private static double[][] Beats() => Array.ConvertAll(Signals(1, 5), row => new[] { row[0] / 125 });
}
