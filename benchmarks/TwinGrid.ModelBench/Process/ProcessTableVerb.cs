using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

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

    private const int Faults = 10;
    private const int FaultFrom = 160;
    private const int SkabTrainRows = 400;

    /// <summary>Those that can be seen at all: 3 and 9 are below noise in every published method.</summary>
    private static readonly int[] Detectable = [1, 2, 4, 5, 6, 7, 8, 10];

    public static int Run(BenchArguments args)
    {
        string? tep = args.Optional("--tep") is null ? null : args.Directory("--tep");
        string? skab = args.Optional("--skab") is null ? null : args.Directory("--skab");
        args.RefuseOthers();
        if (tep is not null)
        {
            TennesseeEastman(tep);
        }

        if (skab is not null)
        {
            Skab(skab);
        }

        return 0;
    }

    private static void TennesseeEastman(string directory)
    {
        ProcessFile normal = ProcessFile.Read(Path.Combine(directory, "d00_te.dat"));
        ProcessBench bench = new(
            normal.Sensors, ProcessFile.Read(Path.Combine(directory, "d00.dat")).RowsFor(normal));
        Verdict[] quiet = bench.Read(normal.Rows);
        int falseAlarms = quiet.Count(said => said.Alarm);
        int quietRows = quiet.Length;
        double sum = 0;
        Console.WriteLine("fault,detection,blamed_most");
        for (int fault = 1; fault <= Faults; fault++)
        {
            string path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"d{fault:00}_te.dat"));
            Verdict[] said = bench.Read(ProcessFile.Read(path).Rows);
            falseAlarms += said[..FaultFrom].Count(verdict => verdict.Alarm);
            quietRows += FaultFrom;
            Verdict[] alarms = [.. said[FaultFrom..].Where(verdict => verdict.Alarm)];
            double detection = alarms.Length / (double)(said.Length - FaultFrom);
            sum += Detectable.Contains(fault) ? detection : 0;
            string blamed = alarms.CountBy(v => v.Blame).OrderByDescending(v => v.Value).FirstOrDefault().Key ?? "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fault},{detection:0.000},{blamed}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"mean of {string.Join(' ', Detectable)}: {sum / Detectable.Length:0.000}, false alarms "
            + $"{(double)falseAlarms / quietRows:0.0000} of {quietRows} rows ({quiet.Count(v => v.Alarm)} of d00_te)"));
        Console.WriteLine(bench.Cost);
    }

    private static void Skab(string directory)
    {
        int[] ours = new int[4];
        int[] always = new int[4];
        ModelCost cost = default;
        foreach (string path in Directory.GetFiles(directory, "*.csv").Order(StringComparer.Ordinal))
        {
            ProcessFile file = ProcessFile.Read(path);
            if (file.Labels.Length == 0 || file.Rows.Length <= SkabTrainRows)
            {
                throw new BenchProblem($"{path}: expected a column anomaly and more than {SkabTrainRows} rows");
            }

            ProcessBench bench = new(file.Sensors, file.Rows[..SkabTrainRows]);
            Verdict[] said = bench.Read(file.Rows);
            for (int row = SkabTrainRows; row < said.Length; row++)
            {
                int truth = file.Labels[row] > 0 ? 2 : 0;
                ours[truth + (said[row].Alarm ? 1 : 0)]++;
                always[truth + 1]++;
            }

            cost = new ModelCost(
                cost.Samples + bench.Cost.Samples, cost.Seconds + bench.Cost.Seconds, bench.Cost.StateBytes);
        }

        Console.WriteLine("who,f1,false_alarm_rate,missed_alarm_rate");
        Console.WriteLine(Row("ProcessMonitor", ours));
        Console.WriteLine(Row("always", always));
        Console.WriteLine(cost);
    }

    /// <summary>Counts by 2 · truth + alarm.</summary>
    private static string Row(string who, int[] counts)
    {
        double f1 = 2.0 * counts[3] / Math.Max(1, (2 * counts[3]) + counts[1] + counts[2]);
        double falseAlarms = counts[1] / (double)Math.Max(1, counts[0] + counts[1]);
        double missed = counts[2] / (double)Math.Max(1, counts[2] + counts[3]);
        return string.Create(
            CultureInfo.InvariantCulture, $"{who},{f1:0.000},{falseAlarms:0.000},{missed:0.000}");
    }
}
