using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Process;

/// <summary>
/// Rows of sensors: columns split by semicolons, commas or white space, with names in the first line or without
/// (then x1, x2 and so on). Columns of times and of labels are no sensors.
/// </summary>
/// <param name="Sensors">The names of the sensors.</param>
/// <param name="Rows">One value per sensor; NaN for what is no number.</param>
/// <param name="Stamps">The first column as it stands, where it holds times; else empty.</param>
/// <param name="Labels">The column of labels (anomaly or ATT_FLAG); empty where there is none.</param>
internal sealed record ProcessFile(string[] Sensors, double[][] Rows, string[] Stamps, double[] Labels)
{
    private const string Anomaly = "anomaly";
    private const string Attack = "ATT_FLAG";
    private static readonly string[] LabelNames = [Anomaly, "changepoint", Attack];

    public static ProcessFile Read(string path)
    {
        string? first = File.ReadLines(path).FirstOrDefault(line => line.Length > 0);
        char[] separators = first switch
        {
            null => throw new BenchProblem($"{path} is empty"),
            _ when first.Contains(';', StringComparison.Ordinal) => [';'],
            _ when first.Contains(',', StringComparison.Ordinal) => [','],
            _ => [],
        };
        string[][] rows = [.. CsvFile.Rows(path, separators)];
        bool isNamed = rows.Length > 1 && !Array.Exists(rows[0], IsNumber) && Array.Exists(rows[1], IsNumber);
        string[] names = isNamed ? rows[0] : [.. Enumerable.Range(1, rows[0].Length).Select(i => $"x{i}")];
        string[][] data = isNamed ? rows[1..] : rows;
        int wrong = Array.FindIndex(data, row => row.Length != names.Length);
        if (wrong >= 0)
        {
            throw new BenchProblem($"{path}: row {wrong} has {data[wrong].Length} columns, not {names.Length}");
        }

        int[] sensors = [.. Enumerable.Range(0, names.Length)
            .Where(i => !LabelNames.Contains(names[i]) && Array.Exists(data, row => IsNumber(row[i])))];
        int label = Array.FindIndex(names, name => name is Anomaly or Attack);
        return new ProcessFile(
            [.. sensors.Select(i => names[i])],
            Array.ConvertAll(data, row => Array.ConvertAll(sensors, i => CsvFile.Number(row[i]))),
            sensors.Length > 0 && sensors[0] > 0 ? Array.ConvertAll(data, row => row[0]) : [],
            label < 0 ? [] : Array.ConvertAll(data, row => CsvFile.Number(row[label])));
    }

    /// <summary>
    /// Normal rows for the sensors of another file: turned where they stand as columns, as one published file does.
    /// </summary>
    /// <exception cref="BenchProblem">The sensors are others.</exception>
    public double[][] RowsFor(ProcessFile other)
    {
        if (Sensors.Length == other.Sensors.Length)
        {
            return Rows;
        }

        return Rows.Length == other.Sensors.Length
            ? [.. Enumerable.Range(0, Sensors.Length).Select(row => Array.ConvertAll(Rows, sensor => sensor[row]))]
            : throw new BenchProblem(
                $"The training file has {Sensors.Length} sensors, the input {other.Sensors.Length}");
    }

    private static bool IsNumber(string text) => !double.IsNaN(CsvFile.Number(text));
}
