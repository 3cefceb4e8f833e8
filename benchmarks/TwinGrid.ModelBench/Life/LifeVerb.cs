using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// Learns remaining life from units that ran until they failed and predicts it of others at their last cycle, or,
/// with <c>--validate</c>, of the training units themselves, each by what was learnt without it. <c>--parameters</c>
/// keeps what was learnt, for a kind file.
/// </summary>
internal static class LifeVerb
{
    public const string Name = "life";

    public const string Usage =
        "--train FILE --input FILE --output FILE [--truth FILE] [--parameters FILE] | --train FILE --validate FOLDS";

    public static int Run(BenchArguments args)
    {
        string train = args.File("--train");
        if (args.Whole("--validate", 2, 20) is { } folds)
        {
            args.RefuseOthers();
            return LifeValidation.Run(CmapssFile.Read(train), folds);
        }

        string input = args.File("--input");
        string output = args.Required("--output");
        string? truth = args.Optional("--truth") is null ? null : args.File("--truth");
        string? parameters = args.Optional("--parameters");
        args.RefuseOthers();

        LifeHistory[] units = CmapssFile.Read(input);
        (LifeBench bench, _) = LifeBench.Train(CmapssFile.Read(train));
        if (parameters is not null)
        {
            using StreamWriter writer = CsvFile.Create(parameters);
            writer.WriteLine(bench.Parameters.ToJson());
        }

        Prediction[] last = Array.ConvertAll(units, unit => bench.Read(unit)[^1]);
        Write(output, units, last);
        if (truth is not null)
        {
            Judge(truth, last);
        }

        Console.WriteLine(bench.Cost);
        return 0;
    }

    private static void Write(string output, LifeHistory[] units, Prediction[] last)
    {
        using StreamWriter writer = CsvFile.Create(output);
        writer.WriteLine("unit,rul,lower,upper");
        for (int i = 0; i < units.Length; i++)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{units[i].Unit},{last[i].Value:0.###},{last[i].Lower:0.###},{last[i].Upper:0.###}"));
        }
    }

    private static void Judge(string truth, Prediction[] last)
    {
        double[] remaining = [.. CsvFile.Rows(truth).Select(row => CsvFile.Number(row[0]))];
        if (remaining.Length != last.Length)
        {
            throw new BenchProblem($"{truth} has {remaining.Length} rows, the input {last.Length} units");
        }

        LifeScore model = new();
        LifeScore constant = new();
        for (int i = 0; i < last.Length; i++)
        {
            model.Add(remaining[i], last[i]);
            constant.Add(remaining[i], 75, 0, LifeBench.Cap);
        }

        Console.WriteLine(LifeScore.Header);
        Console.WriteLine(model.Row("RemainingLife"));
        Console.WriteLine(constant.Row("constant 75"));
    }
}
