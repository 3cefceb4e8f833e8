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
            LifeValidation.Judge(LifeFold.Of(CmapssFile.Read(train), folds)).Print("constant");
            return 0;
        }

        string input = args.File("--input");
        string output = args.Required("--output");
        string? truth = args.Optional("--truth") is null ? null : args.File("--truth");
        string? parameters = args.Optional("--parameters");
        args.RefuseOthers();

        LifeHistory[] units = CmapssFile.Read(input);
        LifeHistory[] training = CmapssFile.Read(train);
        (LifeBench bench, _) = LifeBench.Train(training);
        if (parameters is not null)
        {
            using StreamWriter writer = CsvFile.Create(parameters);
            writer.WriteLine(bench.Parameters.ToJson());
        }

        Prediction[] last = Array.ConvertAll(units, unit => bench.Read(unit)[^1]);
        Write(output, units, last);
        if (truth is not null)
        {
            LifeResult.OfTest(training, units, truth, bench, last).Print("constant 75");
        }
        else
        {
            Console.WriteLine(bench.Cost);
        }

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
}
