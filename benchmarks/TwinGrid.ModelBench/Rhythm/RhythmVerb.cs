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

        RhythmBench bench = RhythmBench.Run(BeatFile.ReadAll(input), (file, said) =>
            Write(Path.Combine(output, file.Name), file, said));
        if (!bench.Ours.IsEmpty)
        {
            bench.Ours.PrintRecords();
            Console.WriteLine(RhythmScore.Header);
            Console.WriteLine(bench.Ours.Row("HeartRhythm"));
            Console.WriteLine(bench.Published.Row("symbolic dynamics (Zhou 2014) without look-ahead"));
            Console.WriteLine(bench.Never.Row("never"));
        }

        Console.WriteLine(bench.Cost);
        return 0;
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
