using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// Scores what <see cref="AnomalyVerb"/>, or any detector, wrote, by the benchmark's rules: each profile with its best
/// single threshold, then each category at that of the standard profile.
/// </summary>
internal static class NabScoreVerb
{
    public const string Name = "nab-score";

    public const string Usage = "--scores DIR --labels FILE [--threshold NUMBER]";

    public static int Run(BenchArguments args)
    {
        string directory = args.Directory("--scores");
        NabLabels labels = NabLabels.Read(args.File("--labels"));
        double? given = args.Number("--threshold", 0, 1);
        args.RefuseOthers();

        NabScored[] files = [.. NabFile.ReadAll(directory).Select(file => labels.Score(file, file.Scores()))];
        Console.WriteLine("profile,category,threshold,score,windows,found,false_alarms");
        foreach (NabProfile profile in NabProfile.All)
        {
            double threshold = given ?? NabScorer.BestThreshold(files, profile);
            Print(profile, "all", NabScorer.At(threshold, files, profile));
            foreach (IGrouping<string, NabScored> category in files.GroupBy(file => file.Category))
            {
                Print(profile, category.Key, NabScorer.At(threshold, [.. category], profile));
            }
        }

        return 0;
    }

    private static void Print(NabProfile profile, string category, NabScore score) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{profile.Name},{category},{score.Threshold:0.#####},{score.Normalised:0.0},{score.Windows},{score.Found},"
        + $"{score.FalseAlarms}"));
}
