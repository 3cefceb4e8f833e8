using System.Text;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// A device's <c>ts</c>: RFC 3339 text, or a number of milliseconds since 1970 UTC. Kept to 1 µs, what is finer is
/// cut off.
/// </summary>
internal static class SourceTime
{
    private const decimal Least = 1e11m;
    private const decimal Greatest = 1e14m;
    private const decimal GreatestMicroseconds = 1e17m;
    private const int LongestText = 64;

    private const string Form = "write RFC 3339 such as 2026-05-17T08:30:00.125Z, or milliseconds since 1970 UTC";

    // The range of numbers holds for texts too: what cannot be a number of milliseconds is no time of a device.
    private const long Earliest = (long)Least * 1_000;
    private const long Latest = (long)Greatest * 1_000;

    /// <summary>Reads the value that the reader stands on.</summary>
    /// <returns>Null, or why it cannot be a time.</returns>
    public static string? Read(ref Utf8JsonReader json, out long microseconds)
    {
        microseconds = 0;
        switch (json.TokenType)
        {
            case JsonTokenType.Number:
                return ReadNumber(ref json, out microseconds);
            case JsonTokenType.String when json.ValueSpan.Length <= LongestText:
                Span<byte> text = stackalloc byte[LongestText];
                return ReadText(text[..json.CopyString(text)], out microseconds);
            default:
                return $"this is not a time: {Form}";
        }
    }

    /// <summary>
    /// Reads the time that a text begins with, if it is milliseconds without an exponent or plain RFC 3339 in quotes.
    /// </summary>
    /// <returns>Its length; 0 where <see cref="Read"/> must judge it.</returns>
    public static int ReadPlain(ReadOnlySpan<byte> text, out long microseconds)
    {
        if (text.IsEmpty || text[0] != '"')
        {
            int length = FlatNumber.ReadWhole(text, out long milliseconds);
            microseconds = milliseconds * 1_000;
            return milliseconds is >= (long)Least and <= (long)Greatest ? length : 0;
        }

        microseconds = 0;
        int quote = text[1..].IndexOf((byte)'"');
        return quote is > 0 and <= LongestText && ReadText(text.Slice(1, quote), out microseconds) is null
            ? quote + 2
            : 0;
    }

    private static string? ReadNumber(ref Utf8JsonReader json, out long microseconds)
    {
        microseconds = 0;
        if (!json.TryGetDecimal(out decimal milliseconds))
        {
            return $"this number is out of the range of times: {Form}";
        }

        if (milliseconds < Least)
        {
            return $"{milliseconds} is too small for ms since 1970; it is probably seconds: multiply by 1,000";
        }

        if (milliseconds > Greatest)
        {
            return milliseconds <= GreatestMicroseconds
                ? $"{milliseconds} is too large for ms since 1970; it is probably microseconds: divide by 1,000"
                : $"{milliseconds} is too large for ms since 1970; it is probably nanoseconds: divide by 1,000,000";
        }

        microseconds = (long)(milliseconds * 1_000m);
        return null;
    }

    /// <summary>
    /// Reads RFC 3339 section 5.6; an offset is needed, a leap second counts as the second that follows.
    /// </summary>
    private static string? ReadText(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (text.Length < 19
            || !Digits(text[..4], out int year) || text[4] != '-'
            || !Digits(text[5..7], out int month) || text[7] != '-'
            || !Digits(text[8..10], out int day) || (text[10] is not ((byte)'T' or (byte)'t' or (byte)' '))
            || !Digits(text[11..13], out int hour) || text[13] != ':'
            || !Digits(text[14..16], out int minute) || text[16] != ':'
            || !Digits(text[17..19], out int second))
        {
            return $"this text is not a time: {Form}";
        }

        if (year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60)
        {
            return "this text names a day or an hour that does not exist";
        }

        ReadOnlySpan<byte> rest = text[19..];
        if (!Fraction(ref rest, out int fraction))
        {
            return $"this text is not a time: {Form}";
        }

        if (!Offset(rest, out int offsetMinutes))
        {
            return "this time does not say how far from UTC it is: end it with Z or an offset such as +02:00";
        }

        long days = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Days;
        long seconds = (((((days * 24) + hour) * 60) + minute - offsetMinutes) * 60) + second;
        microseconds = (seconds * UnixMicroseconds.PerSecond) + fraction;
        return microseconds is >= Earliest and <= Latest
            ? null
            : $"{Encoding.ASCII.GetString(text)} is out of the range of times, 1973-03-03T09:46:40Z to "
                + "5138-11-16T09:46:40Z: the device's clock is probably not set";
    }

    private static bool Fraction(ref ReadOnlySpan<byte> rest, out int microseconds)
    {
        microseconds = 0;
        if (rest.IsEmpty || rest[0] != '.')
        {
            return true;
        }

        int digits = 0;
        int scale = 100_000;
        while (digits + 1 < rest.Length && char.IsAsciiDigit((char)rest[digits + 1]))
        {
            microseconds += (rest[digits + 1] - '0') * scale;
            scale /= 10;
            digits++;
        }

        rest = rest[(digits + 1)..];
        return digits > 0;
    }

    private static bool Offset(ReadOnlySpan<byte> rest, out int minutes)
    {
        minutes = 0;
        if (rest.Length == 1 && rest[0] is (byte)'Z' or (byte)'z')
        {
            return true;
        }

        if (rest.Length != 6 || rest[0] is not ((byte)'+' or (byte)'-') || rest[3] != ':'
            || !Digits(rest[1..3], out int hour) || !Digits(rest[4..6], out int minute) || hour > 23 || minute > 59)
        {
            return false;
        }

        minutes = ((hour * 60) + minute) * (rest[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (byte c in text)
        {
            if (!char.IsAsciiDigit((char)c))
            {
                return false;
            }

            value = (value * 10) + c - '0';
        }

        return true;
    }
}
