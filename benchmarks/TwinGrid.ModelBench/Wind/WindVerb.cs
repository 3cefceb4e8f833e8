using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Wind;

/// <summary>
/// Learns each farm up to each month's start and predicts that month's hours from the weather columns alone; where
/// the power is known, counts the loss beside climatology's (the quantiles of all power before that month).
/// </summary>
internal static class WindVerb
{
    public const string Name = "wind";

    public const string Usage = "--input DIR --from YYYYMMDD --output DIR";

    public static int Run(BenchArguments args)
    {
        string input = args.Directory("--input");
        long from = WindFarm.Day(args.Required("--from"));
        string output = args.Required("--output");
        args.RefuseOthers();

        WindFarm[] farms = WindFarm.ReadAll(input);
        PinballLoss all = new();
        PinballLoss climate = new();
        ModelCost cost = default;
        Console.WriteLine("farm,pinball,climatology,skill");
        foreach (WindFarm farm in farms)
        {
            WindBench bench = new(farm, Array.FindAll(farms, other => other != farm));
            PinballLoss ofFarm = new();
            PinballLoss climateOfFarm = new();
            using StreamWriter writer = CsvFile.Create(Path.Combine(output, farm.Name));
            writer.WriteLine("TIMESTAMP," + string.Join(',', Enumerable.Range(1, 99).Select(i => $"q{i:00}")));
            Predict(farm, bench, from, writer, [ofFarm, all], [climateOfFarm, climate]);
            Console.WriteLine(Row(farm.Name, ofFarm, climateOfFarm));
            cost = new ModelCost(
                cost.Samples + bench.Cost.Samples, cost.Seconds + bench.Cost.Seconds, bench.Cost.StateBytes);
        }

        Console.WriteLine(Row("all", all, climate));
        Console.WriteLine(cost);
        return 0;
    }

    private static void Predict(
        WindFarm farm, WindBench bench, long from, StreamWriter writer, PinballLoss[] ours, PinballLoss[] climates)
    {
        int learnt = 0;
        double[] climate = [];
        for (int row = Array.FindIndex(farm.Times, time => time > from); row >= 0 && row < farm.Times.Length; row++)
        {
            if (climate.Length == 0 || Month(farm.Times[row]) != Month(farm.Times[row - 1]))
            {
                bench.Learn(learnt, row);
                learnt = row;
                climate = Climate(farm.Power.AsSpan(0, row));
            }

            double[] quantiles = bench.Predict(row);
            writer.WriteLine(farm.Stamps[row] + "," + string.Join(
                ',', quantiles.Select(q => q.ToString("0.#####", CultureInfo.InvariantCulture))));
            if (!double.IsNaN(farm.Power[row]) && !double.IsNaN(quantiles[0]))
            {
                Array.ForEach(ours, loss => loss.Add(farm.Power[row], quantiles));
                Array.ForEach(climates, loss => loss.Add(farm.Power[row], climate));
            }
        }
    }

    /// <summary>The month of the hour that ends then.</summary>
    private static int Month(long time) => UnixMicroseconds.ToDateTimeOffset(time - 1).Month;

    private static double[] Climate(ReadOnlySpan<double> power)
    {
        double[] known = [.. power.ToArray().Where(double.IsFinite).Order()];
        return known.Length == 0
            ? throw new BenchProblem("No power is known before the first month to predict")
            : Array.ConvertAll(PinballLoss.Levels, level => known[(int)(level * known.Length)]);
    }

    private static string Row(string who, PinballLoss loss, PinballLoss climate) => string.Create(
        CultureInfo.InvariantCulture,
        $"{who},{loss.Mean:0.0000},{climate.Mean:0.0000},{1 - (loss.Mean / climate.Mean):0.000}");
}
