using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// Judges the model on units that it has not seen: cross-validation by units. Every cycle of a unit from the 20th on
/// with at most 150 cycles left counts as if the unit had been cut there, each unit alike: what one random cut per
/// unit gives on average.
/// </summary>
internal static class LifeValidation
{
    private const int FirstCycle = 20;
    private const double MostRemaining = 150;

    public static int Run(LifeHistory[] units, int folds)
    {
        LifeScore model = new();
        LifeScore constant = new();
        LifeScore meanLife = new();
        Feeding.ModelCost cost = default;
        for (int fold = 0; fold < folds; fold++)
        {
            LifeHistory[] known = [.. units.Where((_, i) => i % folds != fold)];
            (LifeBench bench, _) = LifeBench.Train(known);
            double level = Cuts(known).Average(cut => Math.Min(cut.Unit.RemainingAt(cut.Row), LifeBench.Cap));
            double life = known.Average(unit => unit.Ages[^1]);
            foreach (LifeHistory unit in units.Where((_, i) => i % folds == fold))
            {
                Prediction[] said = bench.Read(unit);
                (LifeHistory Unit, int Row)[] cuts = [.. Cuts([unit])];
                foreach ((_, int row) in cuts)
                {
                    double truth = unit.RemainingAt(row);
                    double aged = Math.Clamp(life - unit.Ages[row], 0, LifeBench.Cap);
                    model.Add(truth, said[row], 1.0 / cuts.Length);
                    constant.Add(truth, level, 0, LifeBench.Cap, 1.0 / cuts.Length);
                    meanLife.Add(truth, aged, 0, LifeBench.Cap, 1.0 / cuts.Length);
                }
            }

            cost = bench.Cost;
        }

        Console.WriteLine(LifeScore.Header);
        Console.WriteLine(model.Row("RemainingLife"));
        Console.WriteLine(constant.Row("constant"));
        Console.WriteLine(meanLife.Row("mean life minus age"));
        Console.WriteLine(cost);
        return 0;
    }

    private static IEnumerable<(LifeHistory Unit, int Row)> Cuts(IEnumerable<LifeHistory> units) =>
        from unit in units
        from row in Enumerable.Range(0, unit.Rows)
        where unit.Ages[row] >= FirstCycle && unit.RemainingAt(row) <= MostRemaining
        select (unit, row);
}
