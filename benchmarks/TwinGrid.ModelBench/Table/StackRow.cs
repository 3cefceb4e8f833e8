using TwinGrid.ModelBench.Cost;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Table;

/// <summary>What the standard stack costs, in ten thousand twins in turn.</summary>
internal static class StackRow
{
    private const int Twins = 10_000;

    public static IEnumerable<TableRow> Of()
    {
        CostSubject stack = CostSubjects.All().First(subject => subject.Name == CostSubjects.StandardStack);
        ReadingCost cost = CostMeter.Measure(stack, Twins);
        yield return new TableRow(
            stack.Name,
            "bytes allocated per reading",
            Figures.Write($"{cost.AllocatedBytes:0}"),
            "",
            "",
            Seen.MadeUp,
            new ModelCost(1, cost.Micros / 1e6, cost.StateBytes));
    }
}
