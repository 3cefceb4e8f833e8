using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Rhythm;

/// <summary>HeartRhythm beside the published rule made causal and one that never speaks.</summary>
/// <param name="Ours">HeartRhythm.</param>
/// <param name="Published">Symbolic dynamics, of beats that have been.</param>
/// <param name="Never">No fibrillation, ever.</param>
/// <param name="Always">Fibrillation, always.</param>
/// <param name="Cost">What HeartRhythm cost.</param>
internal sealed record RhythmBench(
    RhythmScore Ours, RhythmScore Published, RhythmScore Never, RhythmScore Always, ModelCost Cost)
{
    public static RhythmBench Run(IEnumerable<BeatFile> files, Action<BeatFile, bool[]> write)
    {
        RunningModel model = new("HeartRhythm", ["interval"]);
        RhythmBench bench = new(new(), new(), new(), new(), default);
        long samples = 0;
        double seconds = 0;
        foreach (BeatFile file in files)
        {
            double start = ModelCost.CpuSeconds;
            bool[] said = Tell(model, file);
            seconds += ModelCost.CpuSeconds - start;
            samples += said.Length;
            write(file, said);
            if (file.Fibrillates.Length > 0)
            {
                bench.Ours.Add(file.Name, file.Fibrillates, said);
                bench.Published.Add(file.Name, file.Fibrillates, SymbolicDynamics.Tell(file.Intervals));
                bench.Never.Add(file.Name, file.Fibrillates, new bool[said.Length]);
                bench.Always.Add(file.Name, file.Fibrillates, [.. Enumerable.Repeat(true, said.Length)]);
            }
        }

        return bench with { Cost = new ModelCost(samples, seconds, model.StateBytes) };
    }

    public static bool[] Tell(RunningModel model, BeatFile file)
    {
        model.Restart();
        bool[] said = new bool[file.Intervals.Length];
        Span<double> interval = stackalloc double[1];
        for (int i = 0; i < said.Length; i++)
        {
            interval[0] = file.Intervals[i];
            Prediction prediction = model.Read(file.Time(i), interval);
            said[i] = prediction.Value >= prediction.Threshold;
        }

        return said;
    }
}
