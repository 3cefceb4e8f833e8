using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Rhythm;

/// <summary>
/// Tells atrial fibrillation beat by beat, a fresh state for each record; where the records say what it was, counts
/// how often that is right, beside the published rule made causal and a bench that always says the same.
/// </summary>
internal static class RhythmVerb
{
    public const string Name = "rhythm";

    public const string Usage = "--input DIR --output DIR";

    public static int Run(BenchArguments args)
    {
        string input = args.Directory("--input");
        string output = args.Required("--output");
        args.RefuseOthers();

        RunningModel model = new("HeartRhythm", ["interval"]);
        RhythmScore ours = new();
        RhythmScore published = new();
        RhythmScore never = new();
        long samples = 0;
        double seconds = 0;
        foreach (BeatFile file in BeatFile.ReadAll(input))
        {
            double start = ModelCost.CpuSeconds;
            bool[] said = Tell(model, file);
            seconds += ModelCost.CpuSeconds - start;
            samples += said.Length;
            Write(Path.Combine(output, file.Name), file, said);
            if (file.Fibrillates.Length > 0)
            {
                ours.Add(file.Name, file.Fibrillates, said);
                published.Add(file.Name, file.Fibrillates, SymbolicDynamics.Tell(file.Intervals));
                never.Add(file.Name, file.Fibrillates, new bool[said.Length]);
            }
        }

        if (!ours.IsEmpty)
        {
            ours.PrintRecords();
            Console.WriteLine(RhythmScore.Header);
            Console.WriteLine(ours.Row("HeartRhythm"));
            Console.WriteLine(published.Row("symbolic dynamics (Zhou 2014) without look-ahead"));
            Console.WriteLine(never.Row("never"));
        }

        Console.WriteLine(new ModelCost(samples, seconds, model.StateBytes));
        return 0;
    }

    private static bool[] Tell(RunningModel model, BeatFile file)
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

    private static void Write(string path, BeatFile file, bool[] said)
    {
        using StreamWriter writer = CsvFile.Create(path);
        writer.WriteLine("sample,af");
        for (int i = 0; i < said.Length; i++)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{file.Samples[i]},{(said[i] ? 1 : 0)}"));
        }
    }
}
