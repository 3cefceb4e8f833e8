using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>Rows that were told right and wrong, pooled.</summary>
internal readonly record struct AlarmCounts(int Quiet, int False, int Missed, int Hits)
{
    public double F1 => 2.0 * Hits / Math.Max(1, (2 * Hits) + False + Missed);

    public double FalseRate => False / (double)Math.Max(1, Quiet + False);

    public double MissedRate => Missed / (double)Math.Max(1, Missed + Hits);

    public AlarmCounts With(bool truth, bool alarm) => (truth, alarm) switch
    {
        (true, true) => this with { Hits = Hits + 1 },
        (true, false) => this with { Missed = Missed + 1 },
        (false, true) => this with { False = False + 1 },
        (false, false) => this with { Quiet = Quiet + 1 },
    };
}

/// <summary>SKAB: the first 400 rows of each file are learnt, the rest judged and pooled.</summary>
/// <param name="Ours">ProcessMonitor.</param>
/// <param name="Always">A bench that always alarms.</param>
/// <param name="Cost">What it cost.</param>
internal sealed record SkabBench(AlarmCounts Ours, AlarmCounts Always, ModelCost Cost)
{
    private const int TrainRows = 400;

    public static SkabBench Run(string directory)
    {
        AlarmCounts ours = default;
        AlarmCounts always = default;
        ModelCost cost = default;
        foreach (string path in Directory.GetFiles(directory, "*.csv").Order(StringComparer.Ordinal))
        {
            ProcessFile file = ProcessFile.Read(path);
            if (file.Labels.Length == 0 || file.Rows.Length <= TrainRows)
            {
                throw new BenchProblem($"{path}: expected a column anomaly and more than {TrainRows} rows");
            }

            ProcessBench bench = new(file.Sensors, file.Rows[..TrainRows]);
            Verdict[] said = bench.Read(file.Rows);
            for (int row = TrainRows; row < said.Length; row++)
            {
                ours = ours.With(file.Labels[row] > 0, said[row].Alarm);
                always = always.With(file.Labels[row] > 0, true);
            }

            cost = new ModelCost(
                cost.Samples + bench.Cost.Samples, cost.Seconds + bench.Cost.Seconds, bench.Cost.StateBytes);
        }

        return new SkabBench(ours, always, cost);
    }
}
