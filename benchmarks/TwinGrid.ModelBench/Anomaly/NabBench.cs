using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>A detector run over all files of the benchmark, a fresh state for each.</summary>
/// <param name="Files">Each file with its scores.</param>
/// <param name="Cost">What the detector cost.</param>
internal sealed record NabBench((NabFile File, double[] Scores)[] Files, ModelCost Cost)
{
    public static NabBench Run(IEnumerable<NabFile> files, Func<NabFile, double[]> detector)
    {
        List<(NabFile File, double[] Scores)> scored = [];
        double seconds = 0;
        foreach (NabFile file in files)
        {
            double start = ModelCost.CpuSeconds;
            double[] scores = detector(file);
            seconds += ModelCost.CpuSeconds - start;
            scored.Add((file, scores));
        }

        long samples = scored.Sum(file => (long)file.Scores.Length);
        return new NabBench([.. scored], new ModelCost(samples, seconds, NabDetectors.StateBytes));
    }

    /// <summary>Made ready for the scorer.</summary>
    public NabScored[] Labelled(NabLabels labels) =>
        Array.ConvertAll(Files, file => labels.Score(file.File, file.Scores));
}
