using System.Globalization;

namespace TwinGrid.Hosting.Api;

/// <summary>A time in a URL: RFC 3339, or milliseconds since 1970 UTC with fractions, as in readings.</summary>
internal static class QueryTime
{
    private const decimal Least = 1e11m;
    private const decimal Greatest = 1e14m;

    private const string Form = "write RFC 3339 such as 2026-05-17T08:30:00Z, or milliseconds since 1970 UTC";

    /// <summary>Reads a time.</summary>
    /// <returns>Null, or why it cannot be one.</returns>
    public static string? TryRead(string text, out DateTimeOffset time)
    {
        time = default;
        if (decimal.TryParse(
            text,
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out decimal milliseconds))
        {
            if (milliseconds is < Least or > Greatest)
            {
                string unit = milliseconds > Greatest ? "microseconds" : "seconds";
                return $"{text} looks like {unit}: {Form}";
            }

            time = UnixMicroseconds.ToDateTimeOffset((long)(milliseconds * 1_000));
            return null;
        }

        // In a URL a plus that nobody escaped reads as a space.
        string whole = text.Replace(' ', '+');
        bool hasZone = whole.Length > 10 && (whole[^1] is 'Z' or 'z' || whole.AsSpan(10).IndexOfAny('+', '-') >= 0);
        return hasZone && char.IsAsciiDigit(whole[0]) && whole[4] == '-' && DateTimeOffset.TryParse(
            whole, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time)
            ? null
            : $"'{text}' is not a time: {Form}";
    }
}
