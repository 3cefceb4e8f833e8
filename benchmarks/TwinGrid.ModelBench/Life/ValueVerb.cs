using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// What remaining life is worth: the cost of maintaining units that were not learnt from, when they run until they
/// fail, at the best fixed interval, when RemainingLife says so, and with perfect knowledge. Interval and threshold
/// are chosen on the training units of each fold, the threshold by what was said of a unit by a network that had not
/// seen it.
/// </summary>
internal static class ValueVerb
{
    public const string Name = "value";

    public const string Usage = "--train FILE [--folds 5] [--lead CYCLES] [--output FILE]";

    private const int MostCycles = 1000;

    private static readonly double[] UnplannedCosts = [3, 5, 10];
    private static readonly string[] Policies = ["run-to-failure", "fixed-interval", "remaining-life", "perfect"];

    public static int Run(BenchArguments args)
    {
        LifeHistory[] units = CmapssFile.Read(args.File("--train"));
        int folds = args.Whole("--folds", 2, 20) ?? 5;
        int lead = args.Whole("--lead", 0, 100) ?? 1;
        string? output = args.Optional("--output");
        args.RefuseOthers();

        var costs = new MaintenanceCost[UnplannedCosts.Length, Policies.Length];
        for (int fold = 0; fold < folds; fold++)
        {
            LifeHistory[] known = [.. units.Where((_, i) => i % folds != fold)];
            LifeHistory[] unseen = [.. units.Where((_, i) => i % folds == fold)];
            (LifeBench bench, double[][] heldOut) = LifeBench.Train(known);
            WatchedUnit[] training = [.. known.Select((unit, i) => new WatchedUnit(unit, heldOut[i], lead))];
            WatchedUnit[] judged = Array.ConvertAll(
                unseen, unit => new WatchedUnit(unit, Array.ConvertAll(bench.Read(unit), said => said.Value), lead));
            for (int c = 0; c < UnplannedCosts.Length; c++)
            {
                Compare(training, judged, UnplannedCosts[c], costs, c);
            }
        }

        Write(Console.Out, costs);
        if (output is not null)
        {
            using StreamWriter file = CsvFile.Create(output);
            Write(file, costs);
        }

        return 0;
    }

    private static void Compare(
        WatchedUnit[] training, WatchedUnit[] judged, double unplanned, MaintenanceCost[,] costs, int row)
    {
        int interval = Enumerable.Range(1, MostCycles)
            .MinBy(stop => Total(training, _ => stop, unplanned).Per1000Cycles);
        int threshold = CallThreshold.Choose(
            training, least => Total(training, unit => unit.StopAt(least), unplanned));
        costs[row, 0] += Total(judged, _ => double.PositiveInfinity, unplanned);
        costs[row, 1] += Total(judged, _ => interval, unplanned);
        costs[row, 2] += Total(judged, unit => unit.StopAt(threshold), unplanned);
        costs[row, 3] += Total(judged, unit => unit.Life - 1, unplanned);
    }

    private static MaintenanceCost Total(WatchedUnit[] units, Func<WatchedUnit, double> stop, double unplanned) =>
        units.Aggregate(
            default(MaintenanceCost),
            (sum, unit) => sum + MaintenanceCost.Of(stop(unit), unit.Life, unplanned));

    private static void Write(TextWriter writer, MaintenanceCost[,] costs)
    {
        writer.WriteLine("planned_to_unplanned,policy,cost_per_1000_cycles,planned,unplanned,saved_of_fixed_interval");
        for (int c = 0; c < UnplannedCosts.Length; c++)
        {
            for (int p = 0; p < Policies.Length; p++)
            {
                MaintenanceCost cost = costs[c, p];
                double saved = 1 - (cost.Per1000Cycles / costs[c, 1].Per1000Cycles);
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"1:{UnplannedCosts[c]},{Policies[p]},{cost.Per1000Cycles:0.00},{cost.Planned},{cost.Unplanned},"
                    + $"{saved:0.000}"));
            }
        }
    }
}
