using System.Globalization;

namespace TwinGrid.Models;

/// <summary>How the models' sentences write numbers and spans of time, the same in every culture.</summary>
internal static class Wording
{
    /// <summary>Four significant digits at most, thousands grouped: <c>1,430</c>, <c>9.1</c>, <c>0.00213</c>.</summary>
    public static string Number(double value)
    {
        double size = Math.Abs(value);
        string format = size switch
        {
            0 => "0",
            >= 1e9 or < 1e-4 => "0.###e0",
            >= 1000 => "#,##0",
            >= 100 => "0.#",
            >= 1 => "0.##",
            >= 0.1 => "0.###",
            _ => "0.######",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>The two largest parts: <c>2 min 10 s</c>, <c>3 h 5 min</c>, <c>12 d</c>.</summary>
    public static string Span(double seconds)
    {
        (double large, string largeUnit, double small, string smallUnit) = Math.Round(seconds) switch
        {
            < 10 => (0, "s", 0, ""),
            < 60 => (1, "s", 0, ""),
            < 3600 => (60, "min", 1, "s"),
            < 86_400 => (3600, "h", 60, "min"),
            < 864_000 => (86_400, "d", 3600, "h"),
            _ => (86_400, "d", 0, ""),
        };
        if (large == 0)
        {
            return $"{Number(Math.Round(seconds, 1))} s";
        }

        double step = small == 0 ? large : small;
        double rounded = Math.Round(seconds / step) * step;
        double whole = Math.Floor(rounded / large);
        double rest = small == 0 ? 0 : (rounded - (whole * large)) / small;
        return rest == 0 ? $"{Number(whole)} {largeUnit}" : $"{Number(whole)} {largeUnit} {Number(rest)} {smallUnit}";
    }

    /// <summary>A change per second in the unit of time that makes it readable: <c>1.2 per minute</c>.</summary>
    public static string Rate(double perSecond) => Math.Abs(perSecond) switch
    {
        >= 0.1 => $"{Number(perSecond)} per second",
        >= 0.1 / 60 => $"{Number(perSecond * 60)} per minute",
        _ => $"{Number(perSecond * 3600)} per hour",
    };
}
