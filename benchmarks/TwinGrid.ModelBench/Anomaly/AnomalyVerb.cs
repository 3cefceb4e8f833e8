using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// Scores each row of each NAB file, state fresh for each file. A score in [0,1] for each row, in the same relative
/// path.
/// </summary>
internal static class AnomalyVerb
{
    public const string Name = "anomaly";

    public static readonly string Usage = $"--input DIR --output DIR [--detector {NabDetectors.Names}]";

    public static int Run(BenchArguments args)
    {
        string input = args.Directory("--input");
        string output = args.Required("--output");
        Func<NabFile, double[]> detector = NabDetectors.Find(args.Optional("--detector") ?? NabDetectors.Ours);
        args.RefuseOthers();

        long samples = 0;
        double seconds = 0;
        foreach (NabFile file in NabFile.ReadAll(input))
        {
            double start = ModelCost.CpuSeconds;
            double[] scores = detector(file);
            seconds += ModelCost.CpuSeconds - start;
            samples += scores.Length;
            file.WriteScores(output, scores);
        }

        Console.WriteLine(new ModelCost(samples, seconds, NabDetectors.StateBytes));
        return 0;
    }
}
