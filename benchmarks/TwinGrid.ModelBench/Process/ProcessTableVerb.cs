using System.Globalization;
using TwinGrid.ModelBench.Arguments;

namespace TwinGrid.ModelBench.Process;

/// <summary>
/// The table of ProcessMonitor, one set of options for all: the Tennessee Eastman process (detection of faults 1 to
/// 10 from row 160 on, alarms on rows without a fault) and SKAB (the first 400 rows of each file are learnt, the rest
/// judged and pooled), beside a bench that always says the same.
/// </summary>
internal static class ProcessTableVerb
{
    public const string Name = "process-table";

    public const string Usage = "[--tep DIR] [--skab DIR]";

    public static int Run(BenchArguments args)
    {
        string? tep = args.Optional("--tep") is null ? null : args.Directory("--tep");
        string? skab = args.Optional("--skab") is null ? null : args.Directory("--skab");
        args.RefuseOthers();
        if (tep is not null)
        {
            Print(EastmanBench.Run(tep));
        }

        if (skab is not null)
        {
            Print(SkabBench.Run(skab));
        }

        return 0;
    }

    private static void Print(EastmanBench bench)
    {
        Console.WriteLine("fault,detection,blamed_most");
        foreach ((int fault, (double detection, string blamed)) in bench.Faults.Index())
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fault + 1},{detection:0.000},{blamed}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"mean of {string.Join(' ', EastmanBench.Detectable)}: {bench.Detection:0.000}, false alarms "
            + $"{bench.FalseAlarmRate:0.0000} of {bench.QuietRows} rows ({bench.FalseAlarmsOfNormal} of d00_te)"));
        Console.WriteLine(bench.Cost);
    }

    private static void Print(SkabBench bench)
    {
        Console.WriteLine("who,f1,false_alarm_rate,missed_alarm_rate");
        Console.WriteLine(Row("ProcessMonitor", bench.Ours));
        Console.WriteLine(Row("always", bench.Always));
        Console.WriteLine(bench.Cost);
    }

    private static string Row(string who, AlarmCounts counts) => string.Create(
        CultureInfo.InvariantCulture,
        $"{who},{counts.F1:0.000},{counts.FalseRate:0.000},{counts.MissedRate:0.000}");
}
