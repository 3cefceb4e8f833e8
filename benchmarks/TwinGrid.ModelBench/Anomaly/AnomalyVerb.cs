using TwinGrid.ModelBench.Arguments;

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

        NabBench bench = NabBench.Run(NabFile.ReadAll(input), detector);
        foreach ((NabFile file, double[] scores) in bench.Files)
        {
            file.WriteScores(output, scores);
        }

        Console.WriteLine(bench.Cost);
        return 0;
    }
}
