using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// The header that names what of a message was not used although the message was: a list as of RFC 9651 (structured
/// fields), a text and a reason for each reading, <c>"power";reason=out-of-range</c>; after the first
/// <see cref="MostNamed"/> how many more.
/// </summary>
internal static class DroppedHeader
{
    public const string Name = "TwinGrid-Dropped";

    /// <summary>So many are named: with names of 128 characters the header stays under 4 KiB.</summary>
    public const int MostNamed = 20;

    /// <summary>What became of a reading, as dead letters say it.</summary>
    public static string Word(ReadingOutcome outcome) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(outcome.ToString());

    public static string Write(List<DroppedReading> dropped)
    {
        StringBuilder text = new();
        foreach (DroppedReading reading in dropped.Take(MostNamed))
        {
            text.Append(text.Length == 0 ? "\"" : ", \"");
            foreach (char c in reading.Telemetry)
            {
                // A text of RFC 9651 is printable ASCII; the dead letter has the name as it came.
                text.Append(c is '"' or '\\' ? "\\" : "").Append(c is >= ' ' and <= '~' ? c : '?');
            }

            text.Append("\";reason=").Append(Word(reading.Outcome));
        }

        if (dropped.Count > MostNamed)
        {
            text.Append(CultureInfo.InvariantCulture, $", {dropped.Count - MostNamed}");
        }

        return text.ToString();
    }
}
