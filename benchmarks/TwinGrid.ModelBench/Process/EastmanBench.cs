using System.Globalization;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>
/// The Tennessee Eastman process: faults 1 to 10, each from row 160 on, by what the normal training file shows.
/// </summary>
/// <param name="Faults">Per fault, the part of its rows that alarm, and the sensor blamed most.</param>
/// <param name="FalseAlarms">Alarms on rows without a fault.</param>
/// <param name="QuietRows">Rows without a fault.</param>
/// <param name="FalseAlarmsOfNormal">Those in the normal test file.</param>
/// <param name="Cost">What it cost.</param>
internal sealed record EastmanBench(
    (double Detection, string Blamed)[] Faults, int FalseAlarms, int QuietRows, int FalseAlarmsOfNormal,
    ModelCost Cost)
{
    private const int FaultCount = 10;
    private const int FaultFrom = 160;

    /// <summary>Those that can be seen at all: 3 and 9 are below noise in every published method.</summary>
    public static int[] Detectable { get; } = [1, 2, 4, 5, 6, 7, 8, 10];

    /// <summary>The mean of the faults that can be seen.</summary>
    public double Detection => Detectable.Average(fault => Faults[fault - 1].Detection);

    public double FalseAlarmRate => (double)FalseAlarms / QuietRows;

    public static EastmanBench Run(string directory)
    {
        ProcessFile normal = ProcessFile.Read(Path.Combine(directory, "d00_te.dat"));
        ProcessBench bench = new(
            normal.Sensors, ProcessFile.Read(Path.Combine(directory, "d00.dat")).RowsFor(normal));
        Verdict[] quiet = bench.Read(normal.Rows);
        int ofNormal = quiet.Count(said => said.Alarm);
        (int falseAlarms, int quietRows) = (ofNormal, quiet.Length);
        var faults = new (double Detection, string Blamed)[FaultCount];
        for (int fault = 1; fault <= FaultCount; fault++)
        {
            string path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"d{fault:00}_te.dat"));
            Verdict[] said = bench.Read(ProcessFile.Read(path).Rows);
            falseAlarms += said[..FaultFrom].Count(verdict => verdict.Alarm);
            quietRows += FaultFrom;
            Verdict[] alarms = [.. said[FaultFrom..].Where(verdict => verdict.Alarm)];
            faults[fault - 1] = (
                alarms.Length / (double)(said.Length - FaultFrom),
                alarms.CountBy(v => v.Blame).OrderByDescending(v => v.Value).FirstOrDefault().Key ?? "");
        }

        return new EastmanBench(faults, falseAlarms, quietRows, ofNormal, bench.Cost);
    }
}
