using System.Text.Json;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Anomaly;

/// <summary>The labelled windows of the benchmark: <c>combined_windows.json</c>.</summary>
internal sealed class NabLabels
{
    private readonly Dictionary<string, string[][]> _windows;

    private NabLabels(Dictionary<string, string[][]> windows) => _windows = windows;

    /// <summary>Reads the labels.</summary>
    /// <exception cref="BenchProblem">The file is none of the benchmark.</exception>
    public static NabLabels Read(string path)
    {
        try
        {
            return new NabLabels(JsonSerializer.Deserialize<Dictionary<string, string[][]>>(File.ReadAllText(path))!);
        }
        catch (JsonException problem)
        {
            throw new BenchProblem($"{path}: expected NAB's combined_windows.json: {problem.Message}");
        }
    }

    /// <summary>A file and its scores, made ready for the scorer.</summary>
    /// <exception cref="BenchProblem">There are no labels of that file.</exception>
    public NabScored Score(NabFile file, double[] scores) => _windows.TryGetValue(file.Name, out string[][]? windows)
        ? new NabScored(file.Name, scores, [.. windows.Select(window => RowsOf(file.Times, window)).Order()])
        : throw new BenchProblem($"The labels know no file '{file.Name}'");

    private static (int First, int Last) RowsOf(long[] times, string[] window)
    {
        (long from, long to) = (CsvFile.Time(window[0]), CsvFile.Time(window[1]));
        return (Array.FindIndex(times, time => time >= from), Array.FindLastIndex(times, time => time <= to));
    }
}
