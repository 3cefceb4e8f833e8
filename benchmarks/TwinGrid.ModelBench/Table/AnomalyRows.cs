using TwinGrid.ModelBench.Anomaly;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Table;

/// <summary>Anomaly: the Numenta Anomaly Benchmark, and alarms on stretches without faults.</summary>
internal static class AnomalyRows
{
    private const string Nab = "Anomaly: NAB, 31 files";

    /// <summary>The model's default, frozen for all files; published rows each have the one best for them.</summary>
    private const double Threshold = 0.99;

    private const double Minute = 60;

    private const double Hour = 3600;

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
            Figures.Write($"standard profile, threshold frozen at {Threshold}"),
            Figures.Write($"**{NabScorer.At(Threshold, scored, profile).Normalised:0.0}**: ")
                + Found(NabScorer.At(Threshold, scored, profile)),
            nothing,
            "",
            Seen.Development,
            ours.Cost);
        yield return new TableRow(
            Nab,
            Figures.Write($"the same at the threshold best for these files, {best.Threshold:0.0000}"),
            Figures.Write($"{best.Normalised:0.0}: ") + Found(best),
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
        NabScored[] minutes = NabBench.Run(files, AMinuteApart).Labelled(labels);
        yield return new TableRow(
            Nab,
            Figures.Write($"threshold {Threshold}, the rows fed a minute apart (they are 5 to 60)"),
            Figures.Write($"{NabScorer.At(Threshold, minutes, profile).Normalised:0.0}"),
            nothing,
            "",
            Seen.Development,
            null);
        string batadal = Path.Combine(data, "batadal", "BATADAL_dataset03.csv");
        yield return FalseAlarms("BATADAL normal year", batadal, Minute);
        string skab = Path.Combine(data, "skab", "anomaly-free", "anomaly-free.csv");
        yield return FalseAlarms("SKAB anomaly-free", skab, Minute);
        yield return FalseAlarms("BATADAL normal year", batadal, Hour);
    }

    private static double[] AMinuteApart(NabFile file) => NabDetectors.Find(NabDetectors.Ours)(
        file with { Times = [.. file.Times.Select((_, i) => file.Times[0] + (i * 60 * UnixMicroseconds.PerSecond))] });

    private static string Found(NabScore score) =>
        Figures.Write($"{score.Found} of {score.Windows} windows, {score.FalseAlarms} false");

    private static double Best(NabScored[] files, NabProfile profile) =>
        NabScorer.At(NabScorer.BestThreshold(files, profile), files, profile).Normalised;

    private static TableRow FalseAlarms(string name, string path, double secondsPerRow)
    {
        (string Name, int Rows, int Alarms)[] signals = [.. FalseAlarmsVerb.Count(path, secondsPerRow, Threshold)];
        string[] where =
            [.. signals.Where(signal => signal.Alarms > 0).Select(signal => $"{signal.Name} {signal.Alarms}")];
        string pace = secondsPerRow == Minute ? "1/min" : "its own pace, 1/h";
        double perMonth = FalseAlarmsVerb.PerMonth(signals) * Minute / secondsPerRow;
        return new TableRow(
            $"Anomaly: {name}, {signals.Length} signals",
            Figures.Write($"alarms over {Threshold} per signal and 30 days at {pace}"),
            Figures.Write($"**{perMonth:0.00}**: {signals.Sum(signal => signal.Alarms)} in ")
                + Figures.Write($"{signals.Sum(signal => signal.Rows):#,0} readings")
                + (where.Length is > 0 and < 5 ? $" ({string.Join(", ", where)})" : ""),
            "never 0",
            "",
            Seen.Development,
            null);
    }
}
