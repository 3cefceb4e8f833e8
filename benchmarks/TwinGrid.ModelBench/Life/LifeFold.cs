using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>A part of the units, and what was said of it by a model that learnt from the others.</summary>
/// <param name="Known">The units that were learnt from.</param>
/// <param name="HeldOut">Per known unit and row, what a network said that had not seen that unit.</param>
/// <param name="Unseen">The other units.</param>
/// <param name="Said">What was said of each of these after each cycle.</param>
/// <param name="Bench">The model.</param>
internal sealed record LifeFold(
    LifeHistory[] Known, double[][] HeldOut, LifeHistory[] Unseen, Prediction[][] Said, LifeBench Bench)
{
    /// <summary>Trains and reads each fold as it is asked for.</summary>
    public static IEnumerable<LifeFold> Of(LifeHistory[] units, int folds)
    {
        for (int fold = 0; fold < folds; fold++)
        {
            LifeHistory[] known = [.. units.Where((_, i) => i % folds != fold)];
            LifeHistory[] unseen = [.. units.Where((_, i) => i % folds == fold)];
            (LifeBench bench, double[][] heldOut) = LifeBench.Train(known);
            yield return new LifeFold(known, heldOut, unseen, Array.ConvertAll(unseen, bench.Read), bench);
        }
    }
}
