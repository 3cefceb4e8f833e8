using System.Globalization;
using System.Text;

namespace WindFarm.Scada;

/// <summary>
/// Reads and writes the SCADA format of the public data set "Wind Turbine Scada Dataset" (2018, one turbine): comma
/// separated, a header, then time <c>dd MM yyyy HH:mm</c>, power, wind speed, theoretical power, wind direction.
/// </summary>
internal static class ScadaFile
{
    private const string TimeFormat = "dd MM yyyy HH:mm";
    private const int Columns = 5;
    private const string Header =
        "Date/Time,LV ActivePower (kW),Wind Speed (m/s),Theoretical_Power_Curve (KWh),Wind Direction (°)";

    /// <summary>Reads all rows. Columns are told by their place: copies of the set name them differently.</summary>
    /// <exception cref="FormatException">A line is not such a row; the message says which.</exception>
    public static IReadOnlyList<ScadaRow> Read(string path)
    {
        List<ScadaRow> rows = [];
        int number = 0;

        // Latin1 reads every byte: copies of the set differ in how they write the degree sign of the header.
        foreach (string line in File.ReadLines(path, Encoding.Latin1))
        {
            number++;
            if (number > 1 && line.Length > 0)
            {
                rows.Add(Parse(line) ?? throw new FormatException(
                    $"{path}, line {number}: expected five columns such as "
                    + $"'01 01 2018 00:10,453.77,5.67,519.92,268.64', found '{line}'"));
            }
        }

        return rows.Count > 1
            ? rows
            : throw new FormatException($"{path}: expected a header and at least two rows");
    }

    /// <summary>Writes rows.</summary>
    public static void Write(string path, IEnumerable<ScadaRow> rows) =>
        File.WriteAllLines(path, rows.Select(Format).Prepend(Header));

    private static ScadaRow? Parse(string line)
    {
        string[] cells = line.Split(',');
        return cells.Length == Columns
            && DateTime.TryParseExact(
                cells[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time)
            && TryNumber(cells[1], out double power)
            && TryNumber(cells[2], out double wind)
            && TryNumber(cells[3], out double theoretical)
            && TryNumber(cells[4], out double direction)
                ? new ScadaRow(time, power, wind, theoretical, direction)
                : null;
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private static string Format(ScadaRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.Time.ToString(TimeFormat, CultureInfo.InvariantCulture)},{row.Power:0.##},{row.WindSpeed:0.###},"
        + $"{row.TheoreticalPower:0.##},{row.WindDirection:0.#}");
}
