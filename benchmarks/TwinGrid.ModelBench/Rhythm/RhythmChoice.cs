using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Rhythm;

/// <summary>
/// HeartRhythm on records that did not choose its thresholds: for each record those of a grid that tell most beats of
/// the others right.
/// </summary>
internal static class RhythmChoice
{
    private static readonly string[] Enter = ["0.425", "0.45", "0.475", "0.5", "0.525"];
    private static readonly string[] Leave = ["0.2", "0.25", "0.3", "0.35", "0.4"];

    /// <summary>The part of all beats told right.</summary>
    public static double Accuracy(BeatFile[] files)
    {
        long[][] right =
        [
            .. from enter in Enter
               from leave in Leave
               select Right(files, $$"""{ "enter": {{enter}}, "leave": {{leave}} }"""),
        ];
        long sum = 0;
        for (int file = 0; file < files.Length; file++)
        {
            sum += right.MaxBy(options => options.Sum() - options[file])![file];
        }

        return sum / (double)files.Sum(file => file.Fibrillates.Length);
    }

    private static long[] Right(BeatFile[] files, string options)
    {
        RunningModel model = new("HeartRhythm", ["interval"], options: options);
        return Array.ConvertAll(
            files,
            file => RhythmBench.Tell(model, file).Zip(file.Fibrillates).LongCount(beat => beat.First == beat.Second));
    }
}
