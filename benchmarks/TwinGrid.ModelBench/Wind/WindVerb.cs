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
        Console.WriteLine("farm,pinball,climatology,skill");
        WindResult all = new();
        foreach (WindFarm farm in farms)
        {
            using StreamWriter writer = CsvFile.Create(Path.Combine(output, farm.Name));
            writer.WriteLine("TIMESTAMP," + string.Join(',', Enumerable.Range(1, 99).Select(i => $"q{i:00}")));
            WindResult ofFarm = Predict(farm, farms, from, (row, quantiles) => writer.WriteLine(
                farm.Stamps[row] + "," + string.Join(
                    ',', quantiles.Select(q => q.ToString("0.#####", CultureInfo.InvariantCulture)))));
            Console.WriteLine(ofFarm.Row(farm.Name));
            all.Add(ofFarm);
        }

        Console.WriteLine(all.Row("all"));
        Console.WriteLine(all.Cost);
        return 0;
    }

    /// <summary>Predicts a farm's hours from a day on.</summary>
    /// <param name="farm">The farm.</param>
    /// <param name="farms">All of them: the others' wind is weather, too.</param>
    /// <param name="from">Unix microseconds.</param>
    /// <param name="write">Takes each row's quantiles.</param>
    /// <param name="options">Of the model, as JSON.</param>
    public static WindResult Predict(
        WindFarm farm, WindFarm[] farms, long from, Action<int, double[]> write, string options = "{}")
    {
        WindBench bench = new(farm, Array.FindAll(farms, other => other != farm), options);
        WindResult result = new();
        Predict(farm, bench, from, write, result);
        result.Cost = bench.Cost;
        return result;
    }

    private static void Predict(
        WindFarm farm, WindBench bench, long from, Action<int, double[]> write, WindResult result)
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
            write(row, quantiles);
            if (!double.IsNaN(farm.Power[row]) && !double.IsNaN(quantiles[0]))
            {
                result.Model.Add(farm.Power[row], quantiles);
                result.Climate.Add(farm.Power[row], climate);
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
}
