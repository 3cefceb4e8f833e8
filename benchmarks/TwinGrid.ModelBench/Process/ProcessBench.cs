using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.Process;

namespace TwinGrid.ModelBench.Process;

/// <summary>What was said of one row.</summary>
/// <param name="Score">In [0,1].</param>
/// <param name="Alarm">The score is at or above the threshold.</param>
/// <param name="Blame">The sensor that it is most due to.</param>
internal readonly record struct Verdict(double Score, bool Alarm, string Blame);

/// <summary>
/// The model ProcessMonitor, trained on normal rows, by default with its defaults, and fed row by row. Not safe for
/// threads.
/// </summary>
internal sealed class ProcessBench
{
    private const long Step = 60 * UnixMicroseconds.PerSecond;

    private readonly RunningModel _model;
    private long _samples;
    private double _seconds;

    public ProcessBench(string[] sensors, double[][] normal, ProcessMonitorTraining? training = null)
    {
        try
        {
            Parameters = ProcessMonitorTrainer.Train(sensors, normal, training);
        }
        catch (ArgumentException problem)
        {
            throw new BenchProblem($"Cannot learn what is normal: {problem.Message}");
        }

        _model = new RunningModel(
            "ProcessMonitor", sensors, options: $$"""{ "parameters": {{Parameters.ToJson()}} }""");
    }

    /// <summary>What was learnt.</summary>
    public ProcessMonitorParameters Parameters { get; }

    public ModelCost Cost => new(_samples, _seconds, _model.StateBytes);

    /// <summary>What is said of each row, by a twin that has seen nothing.</summary>
    public Verdict[] Read(double[][] rows)
    {
        _model.Restart();
        Verdict[] said = new Verdict[rows.Length];
        double[] scores = new double[rows.Length];
        double start = ModelCost.CpuSeconds;
        for (int i = 0; i < rows.Length; i++)
        {
            scores[i] = _model.Read(i * Step, rows[i]).Value;
        }

        _seconds += ModelCost.CpuSeconds - start;
        _samples += rows.Length;

        // Once more with the reasons, which a twin works out only when somebody reads them.
        _model.Restart();
        for (int i = 0; i < rows.Length; i++)
        {
            Prediction prediction = _model.Read(i * Step, rows[i]);
            said[i] = new Verdict(scores[i], prediction.Value >= prediction.Threshold, _model.Blame);
        }

        return said;
    }
}
