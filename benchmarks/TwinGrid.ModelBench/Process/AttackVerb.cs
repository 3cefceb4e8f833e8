using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>
/// Learns a water network without attacks and judges each hour of another stretch of it (BATADAL: Taormina et al.,
/// Journal of Water Resources Planning and Management 144(8), 2018). With <c>--attacks</c>, a file of <c>from,to</c>
/// as DATETIME stands in the input, prints the competition's score.
/// </summary>
internal static class AttackVerb
{
    public const string Name = "attack";

    public const string Usage = "--train FILE --input FILE --output FILE [--attacks FILE]";

    /// <summary>
    /// The later files give two digits, the training file nine. Read as finely as the coarsest: else that difference
    /// is the greatest attack of all.
    /// </summary>
    private const int Digits = 2;

    public static int Run(BenchArguments args)
    {
        ProcessFile normal = ReadRounded(args.File("--train"));
        ProcessFile input = ReadRounded(args.File("--input"));
        string output = args.Required("--output");
        string? attacks = args.Optional("--attacks") is null ? null : args.File("--attacks");
        args.RefuseOthers();
        if (input.Stamps.Length == 0)
        {
            throw new BenchProblem("The input has no column of times before its sensors");
        }

        ProcessBench bench = new(input.Sensors, normal.RowsFor(input));
        Verdict[] said = bench.Read(input.Rows);
        using (StreamWriter writer = CsvFile.Create(output))
        {
            writer.WriteLine("DATETIME,score,alarm");
            for (int i = 0; i < said.Length; i++)
            {
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{input.Stamps[i]},{said[i].Score:R},{(said[i].Alarm ? 1 : 0)}"));
            }
        }

        if (attacks is not null)
        {
            AttackScore score = AttackScore.Read(attacks, input.Stamps);
            Console.WriteLine(AttackScore.Header);
            Console.WriteLine(score.Row("ProcessMonitor", hour => said[hour].Alarm));
            Console.WriteLine(score.Row("always", _ => true));
            Console.WriteLine(score.Row("never", _ => false));
        }

        Console.WriteLine(bench.Cost);
        return 0;
    }

    /// <summary>A file, each value read as finely as the coarsest.</summary>
    public static ProcessFile ReadRounded(string path)
    {
        ProcessFile file = ProcessFile.Read(path);
        return file with
        {
            Rows = Array.ConvertAll(file.Rows, row => Array.ConvertAll(row, value => Math.Round(value, Digits))),
        };
    }
}
