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
            Watched[] training = [.. known.Select((unit, i) => new Watched(unit, heldOut[i], lead))];
            Watched[] judged = Array.ConvertAll(
                unseen, unit => new Watched(unit, Array.ConvertAll(bench.Read(unit), said => said.Value), lead));
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
        Watched[] training, Watched[] judged, double unplanned, MaintenanceCost[,] costs, int row)
    {
        double interval = Best(Enumerable.Range(1, 1000), stop => Total(training, _ => stop, unplanned));
        double threshold = Best(
            Enumerable.Range(0, (int)LifeBench.Cap), least => Total(training, unit => unit.StopAt(least), unplanned));
        costs[row, 0] += Total(judged, _ => double.PositiveInfinity, unplanned);
        costs[row, 1] += Total(judged, _ => interval, unplanned);
        costs[row, 2] += Total(judged, unit => unit.StopAt(threshold), unplanned);
        costs[row, 3] += Total(judged, unit => unit.Life - 1, unplanned);
    }

    private static double Best(IEnumerable<int> choices, Func<int, MaintenanceCost> cost) =>
        choices.MinBy(choice => cost(choice).Per1000Cycles);

    private static MaintenanceCost Total(Watched[] units, Func<Watched, double> stop, double unplanned) =>
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

    /// <summary>A unit, what was said of it after each cycle, and how long maintenance takes to come.</summary>
    private sealed record Watched(LifeHistory Unit, double[] Said, int Lead)
    {
        public double Life => Unit.Ages[^1];

        /// <summary>The cycle after which it stops if maintenance is called at this remaining life.</summary>
        public double StopAt(double threshold)
        {
            int call = Array.FindIndex(Said, said => said <= threshold);
            return call < 0 ? double.PositiveInfinity : Unit.Ages[call] + Lead;
        }
    }
}
