using TwinGrid.ModelBench.Feeding;
using TwinGrid.ModelBench.Life;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Table;

/// <summary>RemainingLife on NASA's turbofans: how near, and what it is worth.</summary>
internal static class TurbofanRows
{
    private const int Sets = 4;

    public static IEnumerable<TableRow> Of(string data)
    {
        string folder = Path.Combine(data, "cmapss");
        List<MaintenanceCost[,]> worth = [];
        ModelCost all = default;
        for (int set = 1; set <= Sets; set++)
        {
            LifeHistory[] train = CmapssFile.Read(Path.Combine(folder, $"train_FD00{set}.txt"));
            string test = Path.Combine(folder, $"test_FD00{set}.txt");
            if (File.Exists(test))
            {
                foreach (TableRow row in OfTest(set, train, test, Path.Combine(folder, $"RUL_FD00{set}.txt")))
                {
                    yield return row;
                }
            }

            LifeFold[] folds = [.. LifeFold.Of(train, ValueVerb.DefaultFolds)];
            LifeResult crossed = LifeValidation.Judge(folds);
            yield return Row(
                set, "RMSE / PHM08 / coverage, 5 folds of the training units", crossed, Seen.UnitsHeldOut)
                with { Published = File.Exists(test) ? "" : PublishedRows.Turbofans[set - 1] };
            worth.Add(ValueVerb.Measure(folds, ValueVerb.DefaultLead));
            all = new ModelCost(
                all.Samples + crossed.Cost.Samples,
                all.Seconds + crossed.Cost.Seconds,
                Math.Max(all.StateBytes, crossed.Cost.StateBytes));
        }

        for (int c = 0; c < ValueVerb.UnplannedCosts.Length; c++)
        {
            int row = c;
            yield return Worth([.. worth.Select(costs => PoliciesOf(costs, row))], c) with { Cost = all };
        }
    }

    private static IEnumerable<TableRow> OfTest(int set, LifeHistory[] train, string test, string truth)
    {
        LifeHistory[] units = CmapssFile.Read(test);
        LifeResult result = LifeResult.OfTest(train, units, truth);
        (double least, double most) = result.Model.RmseOfUnitsDrawnAgain();
        yield return Row(set, "RMSE (95 % over units drawn again) / PHM08 per 100 units / coverage of 90 %", result,
            Seen.OfficialTest) with
        {
            Ours = Figures.Write($"**{result.Model.Rmse:0.00}** ({least:0.0} to {most:0.0}) / ")
                + Figures.Write($"{result.Model.ScorePer100:0} / {Figures.Percent(result.Model.Coverage)}"),
            Published = PublishedRows.Turbofans[set - 1],
        };
        LifeResult ageless = LifeResult.WithoutAge(train, units, truth);
        yield return new TableRow(
            Name(set),
            "RMSE where no unit's age is known; where it is, truth not capped",
            Figures.Write($"{ageless.Model.Rmse:0.00}; {result.Model.UncappedRmse:0.00}"),
            Figures.Write($"constant {result.Constant.Rmse:0.0}; {result.Constant.UncappedRmse:0.0}"),
            "",
            Seen.OfficialTest,
            null);
    }

    private static TableRow Row(int set, string score, LifeResult result, Seen seen) => new(
        Name(set),
        score,
        Figures.Write($"**{result.Model.Rmse:0.00}** / {result.Model.ScorePer100:0} / ")
            + Figures.Percent(result.Model.Coverage),
        Figures.Write($"constant {result.Constant.Rmse:0.0}, mean life minus age {result.MeanLife.Rmse:0.0}, ")
            + Figures.Write($"linear regression {result.Linear.Rmse:0.0}"),
        "",
        seen,
        result.Cost);

    private static TableRow Worth(MaintenanceCost[][] sets, int unplanned) => new(
        "RemainingLife: FD001 / 2 / 3 / 4",
        "cost below the best fixed interval's, planned to unplanned 1:"
            + Figures.Write($"{ValueVerb.UnplannedCosts[unplanned]}; unplanned stops"),
        $"**{Saved(sets, ValueVerb.RemainingLife)}** (of {Saved(sets, ValueVerb.Perfect)} with perfect knowledge); "
            + Unplanned(sets, ValueVerb.RemainingLife),
        $"fixed interval 0 %; {Unplanned(sets, ValueVerb.FixedInterval)}, "
            + $"run to failure {Saved(sets, ValueVerb.RunToFailure)}; {Unplanned(sets, ValueVerb.RunToFailure)}",
        "",
        Seen.UnitsHeldOut,
        null);

    private static MaintenanceCost[] PoliciesOf(MaintenanceCost[,] costs, int row) =>
        [.. Enumerable.Range(0, costs.GetLength(1)).Select(policy => costs[row, policy])];

    private static string Saved(MaintenanceCost[][] sets, int policy) => string.Join(" / ", sets.Select(set =>
        Figures.Write($"{100 * (1 - (set[policy].Per1000Cycles / set[ValueVerb.FixedInterval].Per1000Cycles)):0}")))
        + " %";

    private static string Unplanned(MaintenanceCost[][] sets, int policy) =>
        string.Join(" / ", sets.Select(set => Figures.Write($"{set[policy].Unplanned}")));

    private static string Name(int set) => $"RemainingLife: C-MAPSS FD00{set}";
}
