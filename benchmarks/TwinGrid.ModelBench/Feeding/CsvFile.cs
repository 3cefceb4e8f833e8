using System.Globalization;

namespace TwinGrid.ModelBench.Feeding;

/// <summary>Reads and writes tables of text: one row a line, no quoting, as all public data sets here are.</summary>
internal static class CsvFile
{
    /// <summary>The rows of a file, split; empty lines are left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="separators">What splits columns; runs of white space where none is given.</param>
    public static IEnumerable<string[]> Rows(string path, params char[] separators)
    {
        StringSplitOptions options = separators.Length == 0
            ? StringSplitOptions.RemoveEmptyEntries
            : StringSplitOptions.TrimEntries;
        return File.ReadLines(path).Where(line => line.AsSpan().Trim().Length > 0)
            .Select(line => line.Split(separators, options));
    }

    /// <summary>A number; NaN for what is none.</summary>
    public static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : double.NaN;

    /// <summary>A date and time without zone, taken as UTC, in Unix microseconds.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static long Time(string text) =>
        (DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal
            | DateTimeStyles.AssumeUniversal) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Writes a file and the directories above it; lines end with a line feed.</summary>
    public static StreamWriter Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return new StreamWriter(path) { NewLine = "\n" };
    }
}
