using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>
/// The turbofans of NASA's C-MAPSS set: 26 columns split by white space, which are unit, cycle, 3 operating settings
/// and 21 sensors; one row a cycle (Saxena et al., PHM 2008).
/// </summary>
internal static class CmapssFile
{
    private const int Columns = 26;
    private const int FirstSetting = 2;
    private const int FirstSensor = 5;

    public static LifeInputs Inputs { get; } = new(
        [.. Enumerable.Range(1, FirstSensor - FirstSetting).Select(i => $"setting{i}")],
        [.. Enumerable.Range(1, Columns - FirstSensor).Select(i => $"sensor{i}")],
        "cycle");

    /// <summary>All columns but the unit, as inputs of a model.</summary>
    public static IReadOnlyList<string> ModelInputs { get; } = ["cycle", .. Inputs.Settings, .. Inputs.Sensors];

    /// <summary>The units of a file, in order of their numbers.</summary>
    public static LifeHistory[] Read(string path)
    {
        SortedDictionary<int, List<double[]>> units = [];
        int line = 0;
        foreach (string[] words in CsvFile.Rows(path))
        {
            line++;
            double[] row = Array.ConvertAll(words, CsvFile.Number);
            if (row.Length != Columns || !(row[0] >= 0 && row[0] <= int.MaxValue))
            {
                throw new BenchProblem($"{path}: row {line} has {row.Length} columns; {Columns} were expected");
            }

            int unit = (int)row[0];
            if (!units.TryGetValue(unit, out List<double[]>? rows))
            {
                units[unit] = rows = [];
            }

            rows.Add(row);
        }

        return [.. units.Select(unit => new LifeHistory(
            unit.Key.ToString(System.Globalization.CultureInfo.InvariantCulture),
            [.. unit.Value.Select(row => row[1])],
            [.. unit.Value.Select(row => row[FirstSetting..FirstSensor])],
            [.. unit.Value.Select(row => row[FirstSensor..])]))];
    }
}
