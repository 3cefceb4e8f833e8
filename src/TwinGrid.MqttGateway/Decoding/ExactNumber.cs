using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// A JSON number as a double, never rounded silently where its text claims to be exact: an integer that no double
/// holds, and a number so small that it would become 0, are refused.
/// </summary>
internal static class ExactNumber
{
    private const int LongestText = 128;
    private const long LargestSafe = 1L << 53;

    /// <summary>
    /// Reads the number that the reader stands on. One that is too large, such as 1e999, is infinite: the fold refuses
    /// and counts it like every other value that is not finite.
    /// </summary>
    /// <returns>Null, or why the number cannot be used.</returns>
    public static string? Read(ref Utf8JsonReader json, out double value) => Read(json.ValueSpan, out value);

    /// <summary>Reads the text of a JSON number, likewise.</summary>
    public static string? Read(ReadOnlySpan<byte> text, out double value)
    {
        if (text.Length > LongestText)
        {
            value = 0;
            return $"a number of {text.Length} characters; at most {LongestText} are read";
        }

        value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (value == 0)
        {
            return IsWrittenAsZero(text) ? null : $"{Encoding.ASCII.GetString(text)} is too small: it would become 0";
        }

        return Math.Abs(value) >= LargestSafe && double.IsFinite(value) && text.IndexOfAny(".eE"u8) < 0
            ? ReadLargeInteger(text, value)
            : null;
    }

    private static string? ReadLargeInteger(ReadOnlySpan<byte> text, double value) =>
        BigInteger.Parse(Encoding.ASCII.GetString(text), CultureInfo.InvariantCulture) == new BigInteger(value)
            ? null
            : $"the integer {Encoding.ASCII.GetString(text)} has no exact double; send it as text";

    private static bool IsWrittenAsZero(ReadOnlySpan<byte> text)
    {
        int exponent = text.IndexOfAny((byte)'e', (byte)'E');
        return (exponent < 0 ? text : text[..exponent]).IndexOfAnyInRange((byte)'1', (byte)'9') < 0;
    }
}
