using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>
/// Learns how a process is when it is normal and judges each row of a file, from row 0 on: a score in [0,1], whether
/// it alarms, and the sensor to blame.
/// </summary>
internal static class ProcessVerb
{
    public const string Name = "process";

    public const string Usage =
        "(--train FILE | --train-rows N) --input FILE --output FILE [--parameters FILE]";

    public static int Run(BenchArguments args)
    {
        ProcessFile input = ProcessFile.Read(args.File("--input"));
        string output = args.Required("--output");
        int? trainRows = args.Whole("--train-rows", 1, int.MaxValue);
        if (trainRows is null == (args.Optional("--train") is null))
        {
            throw new BenchProblem("Give either --train or --train-rows");
        }

        double[][] normal = trainRows is { } rows
            ? input.Rows[..Math.Min(rows, input.Rows.Length)]
            : ProcessFile.Read(args.File("--train")).RowsFor(input);
        string? parameters = args.Optional("--parameters");
        args.RefuseOthers();

        ProcessBench bench = new(input.Sensors, normal);
        if (parameters is not null)
        {
            using StreamWriter kept = CsvFile.Create(parameters);
            kept.WriteLine(bench.Parameters.ToJson());
        }

        Verdict[] said = bench.Read(input.Rows);
        using StreamWriter writer = CsvFile.Create(output);
        writer.WriteLine("row,score,alarm,blame");
        for (int i = 0; i < said.Length; i++)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{i},{said[i].Score:R},{(said[i].Alarm ? 1 : 0)},{said[i].Blame}"));
        }

        Console.WriteLine(bench.Cost);
        return 0;
    }
}
