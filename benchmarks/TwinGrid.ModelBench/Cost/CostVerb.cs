using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Cost;

/// <summary>
/// What a reading costs: the standard stack and each model, for one twin, whose state stays in the processor's cache,
/// and for ten thousand in turn.
/// </summary>
internal static class CostVerb
{
    public const string Name = "cost";

    public const string Usage = "[--twins 10000] [--output FILE]";

    public static int Run(BenchArguments args)
    {
        int twins = args.Whole("--twins", 2, 1_000_000) ?? 10_000;
        string? output = args.Optional("--output");
        args.RefuseOthers();

        List<string> lines = ["model,us_per_reading_one_twin,us_per_reading_many_twins,state_bytes,allocated_bytes"];
        Console.WriteLine(lines[0]);
        foreach (CostSubject subject in CostSubjects.All())
        {
            ReadingCost one = CostMeter.Measure(subject, 1);
            ReadingCost many = CostMeter.Measure(subject, twins);
            lines.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"\"{subject.Name}\",{one.Micros:0.000},{many.Micros:0.000},{one.StateBytes},"
                + $"{Math.Max(one.AllocatedBytes, many.AllocatedBytes):0.###}"));
            Console.WriteLine(lines[^1]);
        }

        if (output is not null)
        {
            using StreamWriter writer = CsvFile.Create(output);
            lines.ForEach(writer.WriteLine);
        }

        return 0;
    }
}
