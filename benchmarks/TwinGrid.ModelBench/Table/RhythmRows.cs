using TwinGrid.ModelBench.Rhythm;

namespace TwinGrid.ModelBench.Table;

/// <summary>HeartRhythm on the development records.</summary>
internal static class RhythmRows
{
    public static IEnumerable<TableRow> Of(string data)
    {
        BeatFile[] files = [.. BeatFile.ReadAll(Path.Combine(data, "afdb"))];
        RhythmBench bench = RhythmBench.Run(files, (_, _) => { });
        yield return new TableRow(
            "HeartRhythm: AFDB, 12 records",
            "accuracy over beats / sensitivity / specificity, %",
            Figures.Write($"**{100 * bench.Ours.Accuracy:0.00}** / {100 * bench.Ours.Sensitivity:0.0} / ")
                + Figures.Write($"{100 * bench.Ours.Specificity:0.0}"),
            Figures.Write($"never {100 * bench.Never.Accuracy:0.0}, always {100 * bench.Always.Accuracy:0.0}"),
            PublishedRows.Rhythm + Figures.Write($" (here {100 * bench.Published.Accuracy:0.00})"),
            Seen.Development,
            bench.Cost);
        yield return new TableRow(
            "HeartRhythm: AFDB, 12 records",
            "accuracy, both thresholds chosen without the record judged, %",
            Figures.Write($"{100 * RhythmChoice.Accuracy(files):0.00}"),
            Figures.Write($"never {100 * bench.Never.Accuracy:0.0}, always {100 * bench.Always.Accuracy:0.0}"),
            "",
            Seen.UnitsHeldOut,
            null);
    }
}
