using MathNet.Numerics;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// Our model and the benchmark's own yardsticks, by name: a detector that cannot beat these has learnt nothing, and a
/// scorer that gives them other scores than the published ones is wrong.
/// </summary>
internal static class NabDetectors
{
    public const string Ours = "Anomaly";

    // The benchmark counts every row over the threshold, so each event is told once: the one option that is not the
    // default.
    private const string Options = """{ "tell": "once" }""";

    private static readonly Dictionary<string, Func<NabFile, double[]>> Yardsticks = new(StringComparer.Ordinal)
    {
        ["null"] = static file => new double[file.Values.Length],
        ["random"] = Random,
        ["windowed-gaussian"] = WindowedGaussian,
    };

    public static string Names => string.Join("|", Yardsticks.Keys.Prepend(Ours));

    /// <summary>A detector: one score a row, from that row and those before it.</summary>
    public static Func<NabFile, double[]> Find(string name)
    {
        if (name == Ours)
        {
            return Model;
        }

        return Yardsticks.TryGetValue(name, out Func<NabFile, double[]>? detector)
            ? detector
            : throw new BenchProblem($"There is no detector '{name}'; there are: {Names}");
    }

    /// <summary>Bytes that our model keeps of one twin.</summary>
    public static int StateBytes => new RunningModel(Ours, ["value"], options: Options).StateBytes;

    private static double[] Model(NabFile file)
    {
        RunningModel model = new(Ours, ["value"], options: Options);
        double[] scores = new double[file.Values.Length];
        for (int i = 0; i < scores.Length; i++)
        {
            Prediction said = model.Read(file.Times[i], new ReadOnlySpan<double>(in file.Values[i]));
            scores[i] = said.HasValue ? said.Value : 0;
        }

        return scores;
    }

    private static double[] Random(NabFile file)
    {
        // The same for a file whatever others stand beside it.
        Random random = new(file.Values.Length);
        return Array.ConvertAll(file.Values, _ => random.NextDouble());
    }

    /// <summary>
    /// How far a value lies in the tail of a Gaussian of the last 6,400, which moves on in steps of 100; published
    /// with the benchmark.
    /// </summary>
    private static double[] WindowedGaussian(NabFile file)
    {
        const int Window = 6400;
        const int Step = 100;
        double[] scores = new double[file.Values.Length];
        (double mean, double deviation) = (0, 1);
        for (int i = 0; i < scores.Length; i++)
        {
            double tail = SpecialFunctions.Erfc(Math.Abs(file.Values[i] - mean) / deviation / Math.Sqrt(2)) / 2;
            scores[i] = i == 0 ? 0 : 1 - tail;
            bool filling = i < Window;
            if (filling || (i - Window + 1) % Step == 0)
            {
                (mean, deviation) = Moments(file.Values.AsSpan(filling ? 0 : i - Window + 1, Math.Min(i + 1, Window)));
            }
        }

        return scores;
    }

    private static (double Mean, double Deviation) Moments(ReadOnlySpan<double> values)
    {
        (double sum, double squares) = (0, 0);
        foreach (double value in values)
        {
            sum += value;
        }

        double mean = sum / values.Length;
        foreach (double value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        double deviation = Math.Sqrt(squares / values.Length);
        return (mean, deviation == 0 ? 1e-6 : deviation);
    }
}
