using TwinGrid.ModelBench.Anomaly;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Table;

/// <summary>Anomaly: the Numenta Anomaly Benchmark, and alarms on stretches without faults.</summary>
internal static class AnomalyRows
{
    private const string Nab = "Anomaly: NAB, 31 files";

    /// <summary>The same for all files; the benchmark's own rows each have the one that is best for them.</summary>
    private const double FrozenThreshold = 0.95;

    /// <summary>The model's default.</summary>
    private const double AlarmThreshold = 0.99;

    private const double SecondsPerRow = 60;

    public static IEnumerable<TableRow> Of(string data)
    {
        NabFile[] files = [.. NabFile.ReadAll(Path.Combine(data, "nab", "data"))];
        NabLabels labels = NabLabels.Read(Path.Combine(data, "nab", "labels", "combined_windows.json"));

        // Once before, so that what is timed is not its compilation.
        _ = NabBench.Run(files, NabDetectors.Find(NabDetectors.Ours));
        NabBench ours = NabBench.Run(files, NabDetectors.Find(NabDetectors.Ours));
        NabScored[] scored = ours.Labelled(labels);
        NabScored[] random = NabBench.Run(files, NabDetectors.Find("random")).Labelled(labels);
        NabScored[] gaussian = NabBench.Run(files, NabDetectors.Find("windowed-gaussian")).Labelled(labels);

        NabProfile profile = NabProfile.Standard;
        string nothing = Figures.Write(
            $"never 0, random {Best(random, profile):0.0}, windowed Gaussian {Best(gaussian, profile):0.0}");
        NabScore best = NabScorer.At(NabScorer.BestThreshold(scored, profile), scored, profile);
        yield return new TableRow(
            Nab,
            Figures.Write($"standard profile, threshold frozen at {FrozenThreshold}"),
            Figures.Write($"**{NabScorer.At(FrozenThreshold, scored, profile).Normalised:0.0}**"),
            nothing,
            "",
            Seen.Development,
            ours.Cost);
        yield return new TableRow(
            Nab,
            Figures.Write($"the same at the threshold best for these files, {best.Threshold:0.0000}"),
            Figures.Write($"{best.Normalised:0.0}: {best.Found} of {best.Windows} windows, {best.FalseAlarms} false"),
            nothing,
            PublishedRows.Nab,
            Seen.Development,
            null);
        yield return new TableRow(
            Nab,
            "the same, each kind of file at the threshold best for the others",
            Figures.Write($"{NabScorer.CategoriesLeftOut(scored, profile):0.0}"),
            Figures.Write($"never 0, random {NabScorer.CategoriesLeftOut(random, profile):0.0}, ")
                + Figures.Write($"windowed Gaussian {NabScorer.CategoriesLeftOut(gaussian, profile):0.0}"),
            "",
            Seen.Development,
            null);
        yield return FalseAlarms("BATADAL normal year", Path.Combine(data, "batadal", "BATADAL_dataset03.csv"));
        yield return FalseAlarms("SKAB anomaly-free", Path.Combine(data, "skab", "anomaly-free", "anomaly-free.csv"));
    }

    private static double Best(NabScored[] files, NabProfile profile) =>
        NabScorer.At(NabScorer.BestThreshold(files, profile), files, profile).Normalised;

    private static TableRow FalseAlarms(string name, string path)
    {
        (string Name, int Rows, int Alarms)[] signals =
            [.. FalseAlarmsVerb.Count(path, SecondsPerRow, AlarmThreshold)];
        string where = string.Join(
            ", ", signals.Where(signal => signal.Alarms > 0).Select(signal => $"{signal.Name} {signal.Alarms}"));
        return new TableRow(
            $"Anomaly: {name}, {signals.Length} signals",
            Figures.Write($"alarms over {AlarmThreshold} per signal and 30 days at 1/min"),
            Figures.Write($"**{FalseAlarmsVerb.PerMonth(signals):0.00}**: {signals.Sum(signal => signal.Alarms)} in ")
                + Figures.Write($"{signals.Sum(signal => signal.Rows):#,0} readings ({where})"),
            "never 0",
            "",
            Seen.Development,
            null);
    }
}
