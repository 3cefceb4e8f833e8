using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>One file of the Numenta Anomaly Benchmark: columns <c>timestamp,value</c>.</summary>
/// <param name="Name">Its path below the data directory, with forward slashes: <c>realTweets/x.csv</c>.</param>
/// <param name="Stamps">The timestamps as they stand in the file.</param>
/// <param name="Times">The timestamps, taken as UTC, Unix microseconds.</param>
/// <param name="Values">The values; NaN where none is a number.</param>
/// <param name="Columns">The names of all columns.</param>
/// <param name="Rows">All rows, split.</param>
internal sealed record NabFile(
    string Name, string[] Stamps, long[] Times, double[] Values, string[] Columns, string[][] Rows)
{
    /// <summary>The column <c>anomaly_score</c>, which detectors add.</summary>
    /// <exception cref="BenchProblem">There is none.</exception>
    public double[] Scores()
    {
        int column = Array.IndexOf(Columns, "anomaly_score");
        return column >= 0
            ? [.. Rows.Select(row => CsvFile.Number(row[column]))]
            : throw new BenchProblem($"{Name} has no column anomaly_score");
    }

    /// <summary>All CSV files below a directory, by name.</summary>
    public static IEnumerable<NabFile> ReadAll(string directory)
    {
        string[] paths = Directory.GetFiles(directory, "*.csv", SearchOption.AllDirectories);
        Array.Sort(paths, StringComparer.Ordinal);
        return paths.Length > 0
            ? paths.Select(path => Read(directory, path))
            : throw new BenchProblem($"There is no CSV file below '{directory}'");
    }

    /// <summary>Writes <c>timestamp,value,anomaly_score</c> to the same place below another directory.</summary>
    public void WriteScores(string directory, double[] scores)
    {
        using StreamWriter writer = CsvFile.Create(Path.Combine(directory, Name));
        writer.WriteLine("timestamp,value,anomaly_score");
        for (int i = 0; i < scores.Length; i++)
        {
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{Stamps[i]},{Values[i]:R},{scores[i]:R}"));
        }
    }

    private static NabFile Read(string directory, string path)
    {
        string[][] all = [.. CsvFile.Rows(path, ',')];
        string[][] rows = all[Math.Min(1, all.Length)..];
        string name = Path.GetRelativePath(directory, path).Replace('\\', '/');
        try
        {
            return new NabFile(
                name,
                [.. rows.Select(row => row[0])],
                [.. rows.Select(row => CsvFile.Time(row[0]))],
                [.. rows.Select(row => CsvFile.Number(row[1]))],
                all.FirstOrDefault([]),
                rows);
        }
        catch (Exception problem) when (problem is FormatException or IndexOutOfRangeException)
        {
            throw new BenchProblem($"{name}: expected rows of timestamp,value: {problem.Message}");
        }
    }
}
