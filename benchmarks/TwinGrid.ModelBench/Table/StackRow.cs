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
            "µs a reading, bytes a twin",
            Figures.Write($"{cost.AllocatedBytes:0} bytes allocated a reading"),
            "",
            "",
            Seen.HeldOut,
            new ModelCost(1, cost.Micros / 1e6, cost.StateBytes));
    }
}
