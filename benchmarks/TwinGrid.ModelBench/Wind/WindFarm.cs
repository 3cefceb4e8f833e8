using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Wind;

/// <summary>
/// One farm of the wind track of GEFCom2014: hourly power as a share of the nominal and forecast wind at 10 and 100 m
/// (Hong et al., International Journal of Forecasting 32, 2016).
/// </summary>
/// <param name="Name">The file's name.</param>
/// <param name="Stamps">The timestamps as they stand in the file.</param>
/// <param name="Times">The ends of the hours, Unix microseconds.</param>
/// <param name="Power">0 to 1; NaN where it is not known.</param>
/// <param name="Wind">U10, V10, U100, V100 per hour.</param>
internal sealed record WindFarm(string Name, string[] Stamps, long[] Times, double[] Power, double[][] Wind)
{
    public const long Hour = 3600 * UnixMicroseconds.PerSecond;

    private static readonly string[] WindColumns = ["U10", "V10", "U100", "V100"];
    private Dictionary<long, int>? _rows;

    /// <summary>All farms of a directory, by name.</summary>
    public static WindFarm[] ReadAll(string directory)
    {
        string[] paths = Directory.GetFiles(directory, "*.csv");
        Array.Sort(paths, StringComparer.Ordinal);
        return paths.Length > 0
            ? Array.ConvertAll(paths, Read)
            : throw new BenchProblem($"There is no CSV file in '{directory}'");
    }

    /// <summary>The wind at 100 m at a time; NaN where the file has no such hour.</summary>
    public (double East, double North) High(long time)
    {
        _rows ??= Times.Index().DistinctBy(row => row.Item).ToDictionary(row => row.Item, row => row.Index);
        return _rows.TryGetValue(time, out int row) ? (Wind[row][2], Wind[row][3]) : (double.NaN, double.NaN);
    }

    /// <summary>The start of a day as the files write it, such as 20121001.</summary>
    public static long Day(string text) =>
        DateTime.TryParseExact(
            text,
            "yyyyMMdd",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTime day)
            ? UnixMicroseconds.From(new DateTimeOffset(day))
            : throw new BenchProblem($"Expected a day such as 20121001, found '{text}'");

    private static WindFarm Read(string path)
    {
        string[][] rows = [.. CsvFile.Rows(path, ',')];
        string[] header = rows.FirstOrDefault([]);
        int stamp = Array.IndexOf(header, "TIMESTAMP");
        int power = Array.IndexOf(header, "TARGETVAR");
        int[] wind = Array.ConvertAll(WindColumns, name => Array.IndexOf(header, name));
        if (stamp < 0 || wind.Min() < 0 || Array.Exists(rows, row => row.Length != header.Length))
        {
            throw new BenchProblem($"{path}: expected columns TIMESTAMP,TARGETVAR,{string.Join(',', WindColumns)}");
        }

        rows = rows[1..];
        return new WindFarm(
            Path.GetFileName(path),
            Array.ConvertAll(rows, row => row[stamp]),
            Array.ConvertAll(rows, row => Time(path, row[stamp])),
            Array.ConvertAll(rows, row => power < 0 ? double.NaN : CsvFile.Number(row[power])),
            Array.ConvertAll(rows, row => Array.ConvertAll(wind, column => CsvFile.Number(row[column]))));
    }

    /// <summary>"20120101 1:00" is the hour that ends at one.</summary>
    private static long Time(string path, string text)
    {
        string[] parts = text.Split(' ', ':');
        return parts.Length >= 2 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int hour)
            ? Day(parts[0]) + (hour * Hour)
            : throw new BenchProblem($"{path}: '{text}' is no time such as '20120101 1:00'");
    }
}
