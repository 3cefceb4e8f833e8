using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Rhythm;

/// <summary>
/// Beats of one long record: columns <c>sample</c> (at 250 Hz), <c>rr_s</c> and, where it is known, <c>rhythm</c>
/// (B: atrial fibrillation), as made of the MIT-BIH Atrial Fibrillation Database (Moody and Mark 1983).
/// </summary>
/// <param name="Name">Its path below the input directory.</param>
/// <param name="Samples">The samples of the beats.</param>
/// <param name="Intervals">Seconds since the beat before; NaN where none is a number.</param>
/// <param name="Fibrillates">What doctors said of each beat; empty where the column is missing.</param>
internal sealed record BeatFile(string Name, long[] Samples, double[] Intervals, bool[] Fibrillates)
{
    private const long SampleRate = 250;

    /// <summary>All files below a directory, by name.</summary>
    public static IEnumerable<BeatFile> ReadAll(string directory)
    {
        string[] paths = Directory.GetFiles(directory, "*.csv", SearchOption.AllDirectories);
        Array.Sort(paths, StringComparer.Ordinal);
        return paths.Length > 0
            ? paths.Select(path => Read(directory, path))
            : throw new BenchProblem($"There is no CSV file below '{directory}'");
    }

    /// <summary>When a beat was, microseconds since the record began.</summary>
    public long Time(int beat) => Samples[beat] * (UnixMicroseconds.PerSecond / SampleRate);

    private static BeatFile Read(string directory, string path)
    {
        string[][] rows = [.. CsvFile.Rows(path, ',')];
        string[] header = rows.FirstOrDefault([]);
        int sample = Array.IndexOf(header, "sample");
        int interval = Array.IndexOf(header, "rr_s");
        int rhythm = Array.IndexOf(header, "rhythm");
        if (sample < 0 || interval < 0 || Array.Exists(rows, row => row.Length != header.Length))
        {
            throw new BenchProblem($"{path}: expected columns sample,rr_s and perhaps rhythm, each in every row");
        }

        rows = rows[1..];
        double[] samples = [.. rows.Select(row => CsvFile.Number(row[sample]))];
        return samples.All(s => s is >= 0 and < 1e12)
            ? new BeatFile(
                Path.GetRelativePath(directory, path),
                [.. samples.Select(s => (long)s)],
                [.. rows.Select(row => CsvFile.Number(row[interval]))],
                rhythm < 0 ? [] : [.. rows.Select(row => row[rhythm] == "B")])
            : throw new BenchProblem($"{path}: the column sample holds something that is no sample");
    }
}
