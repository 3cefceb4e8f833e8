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

    public static LifeResult Judge(IEnumerable<LifeFold> folds)
    {
        LifeResult result = new();
        foreach (LifeFold fold in folds)
        {
            LinearLife linear = LinearLife.Learn(fold.Known);
            double level = Cuts(fold.Known).Average(cut => Math.Min(cut.Unit.RemainingAt(cut.Row), LifeBench.Cap));
            double life = fold.Known.Average(unit => unit.Ages[^1]);
            foreach ((LifeHistory unit, Prediction[] said) in fold.Unseen.Zip(fold.Said))
            {
                (LifeHistory Unit, int Row)[] cuts = [.. Cuts([unit])];
                foreach ((_, int row) in cuts)
                {
                    double truth = unit.RemainingAt(row);
                    result.Model.Add(truth, said[row], 1.0 / cuts.Length);
                    result.AddOthers(truth, level, life, linear, unit, row, 1.0 / cuts.Length);
                }
            }

            result.Cost = fold.Bench.Cost;
        }

        return result;
    }

    private static IEnumerable<(LifeHistory Unit, int Row)> Cuts(IEnumerable<LifeHistory> units) =>
        from unit in units
        from row in Enumerable.Range(0, unit.Rows)
        where unit.Ages[row] >= FirstCycle && unit.RemainingAt(row) <= MostRemaining
        select (unit, row);
}
