using TwinGrid.ModelBench.Process;

namespace TwinGrid.ModelBench.Table;

/// <summary>ProcessMonitor: Tennessee Eastman, SKAB and BATADAL.</summary>
internal static class ProcessRows
{
    public static IEnumerable<TableRow> Of(string data)
    {
        string tep = Path.Combine(data, "tep");
        _ = EastmanBench.Run(tep);
        EastmanBench eastman = EastmanBench.Run(tep);
        yield return new TableRow(
            "ProcessMonitor: Tennessee Eastman, 52 sensors",
            "detection of faults 1, 2, 4 to 8, 10 / false alarms",
            Figures.Write($"**{eastman.Detection:0.000}** / {eastman.FalseAlarmRate * 100:0.00} %"),
            "never 0 / 0 %, always 1 / 100 %",
            PublishedRows.Eastman,
            Seen.Development,
            eastman.Cost);

        SkabBench skab = SkabBench.Run(Path.Combine(data, "skab", "valve1"));
        yield return new TableRow(
            "ProcessMonitor: SKAB valve1, 16 files",
            "F1 / false alarm rate / missed",
            Figures.Write($"**{skab.Ours.F1:0.000}** / {Figures.Percent(skab.Ours.FalseRate)} / ")
                + Figures.Percent(skab.Ours.MissedRate),
            Figures.Write($"always {skab.Always.F1:0.000} / 100 % / 0 %"),
            PublishedRows.Skab,
            Seen.Development,
            skab.Cost);

        AttackSplit split = AttackSplit.Measure(
            Path.Combine(data, "batadal", "BATADAL_dataset03.csv"),
            Path.Combine(data, "batadal", "BATADAL_dataset04.csv"));
        yield return Batadal("all 7 attacks", split.All, Seen.Development) with
        {
            Published = PublishedRows.Batadal,
            Cost = split.Cost,
        };
        yield return Batadal("the last 5 attacks, defaults", split.DefaultLater, Seen.Development);
        yield return Batadal(
            "the last 5, options chosen on the normal year and the first 2: "
            + Figures.Write($"gains {string.Join(", ", split.Chosen.Gains)}; ")
            + Figures.Write($"false alarms {split.Chosen.FalseAlarms}; drift {split.Chosen.Drift}"),
            split.ChosenLater,
            Seen.UnitsHeldOut);
    }

    private static TableRow Batadal(string score, AttackFigures figures, Seen seen) => new(
        "ProcessMonitor: BATADAL 04, 43 tags",
        $"S / TNR, {score}",
        Figures.Write($"**{figures.Score:0.000}** / {figures.Quiet:0.000}"),
        "always .750 / 0, never .250 / 1",
        "",
        seen,
        null);
}
