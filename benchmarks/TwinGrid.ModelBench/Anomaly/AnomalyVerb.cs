using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// Scores each row of each NAB file with the model <c>Anomaly</c>, state fresh for each file. The benchmark counts
/// every row over the threshold, so each event is told once: the one option that is not the default.
/// </summary>
internal static class AnomalyVerb
{
    public const string Name = "anomaly";

    public const string Usage = "--input DIR --output DIR";

    private const string Options = """{ "tell": "once" }""";

    public static int Run(BenchArguments args)
    {
        string input = args.Directory("--input");
        string output = args.Required("--output");
        args.RefuseOthers();

        RunningModel model = new("Anomaly", ["value"], options: Options);
        long samples = 0;
        double seconds = 0;
        foreach (NabFile file in NabFile.ReadAll(input))
        {
            double[] scores = new double[file.Values.Length];
            model.Restart();
            double start = ModelCost.CpuSeconds;
            for (int i = 0; i < scores.Length; i++)
            {
                Prediction said = model.Read(file.Times[i], new ReadOnlySpan<double>(in file.Values[i]));
                scores[i] = said.HasValue ? said.Value : 0;
            }

            seconds += ModelCost.CpuSeconds - start;
            samples += scores.Length;
            file.WriteScores(output, scores);
        }

        Console.WriteLine(new ModelCost(samples, seconds, model.StateBytes));
        return 0;
    }
}
