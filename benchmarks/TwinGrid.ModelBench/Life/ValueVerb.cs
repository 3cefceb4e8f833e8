using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// What remaining life is worth: the cost of maintaining units that were not learnt from, when they run until they
/// fail, at the best fixed interval, when RemainingLife says so, and with perfect knowledge. Interval and threshold
/// are chosen on the training units of each fold, the threshold by what was said of a unit by a network that had not
/// seen it: the cheapest at which at most half as many units fail as at the interval, in nineteen of twenty fleets.
/// </summary>
internal static class ValueVerb
{
    public const string Name = "value";

    public const string Usage = "--train FILE [--folds 5] [--lead CYCLES] [--output FILE]";

    /// <summary>The columns of <see cref="Measure"/>.</summary>
    public const int RunToFailure = 0;

    public const int FixedInterval = 1;

    public const int RemainingLife = 2;

    public const int Perfect = 3;

    /// <summary>The cycles that maintenance takes to come.</summary>
    public const int DefaultLead = 1;

    public const int DefaultFolds = 5;

    private const int MostCycles = 1000;

    /// <summary>Of the fixed interval's unplanned stops, as many are bearable.</summary>
    private const double BearableStops = 0.5;

    private static readonly string[] Policies = ["run-to-failure", "fixed-interval", "remaining-life", "perfect"];

    /// <summary>What an unplanned stop costs, in planned ones: the rows of <see cref="Measure"/>.</summary>
    public static double[] UnplannedCosts { get; } = [3, 5, 10];

    public static int Run(BenchArguments args)
    {
        LifeHistory[] units = CmapssFile.Read(args.File("--train"));
        int folds = args.Whole("--folds", 2, 20) ?? DefaultFolds;
        int lead = args.Whole("--lead", 0, 100) ?? DefaultLead;
        string? output = args.Optional("--output");
        args.RefuseOthers();

        MaintenanceCost[,] costs = Measure(LifeFold.Of(units, folds), lead);
        Write(Console.Out, costs);
        if (output is not null)
        {
            using StreamWriter file = CsvFile.Create(output);
            Write(file, costs);
        }

        return 0;
    }

    /// <summary>The cost of each policy for each cost of an unplanned stop, over units not learnt from.</summary>
    public static MaintenanceCost[,] Measure(IEnumerable<LifeFold> folds, int lead)
    {
        var costs = new MaintenanceCost[UnplannedCosts.Length, Policies.Length];
        foreach (LifeFold fold in folds)
        {
            WatchedUnit[] training =
                [.. fold.Known.Select((unit, i) => new WatchedUnit(unit, fold.HeldOut[i], lead))];
            WatchedUnit[] judged =
            [
                .. fold.Unseen.Select((unit, i) =>
                    new WatchedUnit(unit, Array.ConvertAll(fold.Said[i], said => said.Value), lead)),
            ];
            for (int c = 0; c < UnplannedCosts.Length; c++)
            {
                Compare(training, judged, UnplannedCosts[c], costs, c);
            }
        }

        return costs;
    }

    private static void Compare(
        WatchedUnit[] training, WatchedUnit[] judged, double unplanned, MaintenanceCost[,] costs, int row)
    {
        int interval = Enumerable.Range(1, MostCycles)
            .MinBy(stop => Total(training, _ => stop, unplanned).Per1000Cycles);
        int stops = Total(training, _ => interval, unplanned).Unplanned;
        int threshold = CallThreshold.Choose(training, unplanned, (int)(BearableStops * stops));
        costs[row, RunToFailure] += Total(judged, _ => double.PositiveInfinity, unplanned);
        costs[row, FixedInterval] += Total(judged, _ => interval, unplanned);
        costs[row, RemainingLife] += Total(judged, unit => unit.StopAt(threshold), unplanned);
        costs[row, Perfect] += Total(judged, unit => unit.Life - 1, unplanned);
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
                double saved = 1 - (cost.Per1000Cycles / costs[c, FixedInterval].Per1000Cycles);
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"1:{UnplannedCosts[c]},{Policies[p]},{cost.Per1000Cycles:0.00},{cost.Planned},{cost.Unplanned},"
                    + $"{saved:0.000}"));
            }
        }
    }
}
