using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>
/// How often <c>Anomaly</c> alarms on data without faults: each numeric column of a table is a signal, each event
/// over the threshold an alarm.
/// </summary>
internal static class FalseAlarmsVerb
{
    public const string Name = "false-alarms";

    public const string Usage = "--input FILE [--seconds-per-row 60] [--threshold 0.99]";

    /// <summary>30 days at a reading a minute.</summary>
    private const double MonthOfReadings = 43_200;

    private const long Start = 1_700_000_000L * UnixMicroseconds.PerSecond;

    public static int Run(BenchArguments args)
    {
        string input = args.File("--input");
        double step = args.Number("--seconds-per-row", 1e-3, 1e6) ?? 60;
        double threshold = args.Number("--threshold", 0.5, 0.99999) ?? 0.99;
        args.RefuseOthers();

        (string Name, int Rows, int Alarms)[] signals = [.. Count(input, step, threshold)];
        Console.WriteLine("signal,rows,alarms");
        foreach ((string name, int rows, int alarms) in signals)
        {
            Console.WriteLine($"{name},{rows},{alarms}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{signals.Length} signals, {signals.Sum(signal => signal.Rows)} readings, "
            + $"{signals.Sum(signal => signal.Alarms)} alarms over {threshold}: "
            + $"{PerMonth(signals):0.00} per signal in {MonthOfReadings} readings, "
            + $"{PerMonth(signals) * 60 / step:0.00} in 30 days"));
        return 0;
    }

    /// <summary>The alarms of each signal of a table.</summary>
    public static IEnumerable<(string Name, int Rows, int Alarms)> Count(string input, double step, double threshold) =>
        Signals(input).Select(signal =>
            (signal.Name, signal.Values.Length, Alarms(signal.Values, step, threshold)));

    /// <summary>Alarms of one signal in 43,200 readings: 30 days at one a minute.</summary>
    public static double PerMonth(IReadOnlyCollection<(string Name, int Rows, int Alarms)> signals) =>
        signals.Sum(signal => signal.Alarms) * MonthOfReadings / Math.Max(1, signals.Sum(signal => signal.Rows));

    private static int Alarms(double[] values, double step, double threshold)
    {
        RunningModel model = new("Anomaly", ["value"], options: """{ "tell": "once" }""");
        int alarms = 0;
        for (int i = 0; i < values.Length; i++)
        {
            long time = Start + (long)(i * step * UnixMicroseconds.PerSecond);
            alarms += model.Read(time, new ReadOnlySpan<double>(in values[i])).Value >= threshold ? 1 : 0;
        }

        return alarms;
    }

    /// <summary>The columns that hold more than two different numbers; named by the header, if there is one.</summary>
    private static IEnumerable<(string Name, double[] Values)> Signals(string path)
    {
        string first = File.ReadLines(path).FirstOrDefault("");
        char[] separators = first.Contains(';', StringComparison.Ordinal) ? [';'] : first.Contains(',') ? [','] : [];
        string[][] rows = [.. CsvFile.Rows(path, separators)];
        bool header = rows.Length > 0 && Array.TrueForAll(rows[0], text => double.IsNaN(CsvFile.Number(text)));
        for (int column = 0; rows.Length > 0 && column < rows[0].Length; column++)
        {
            double[] values =
            [
                .. rows.Skip(header ? 1 : 0)
                    .Select(row => column < row.Length ? CsvFile.Number(row[column]) : double.NaN),
            ];
            if (values.Where(double.IsFinite).Distinct().Take(3).Count() == 3)
            {
                yield return (header ? rows[0][column] : $"column{column + 1}", values);
            }
        }
    }
}
