using System.Globalization;

namespace TwinGrid.Twins.Control.Expressions;

/// <summary>How values and comparisons are told to people, in the invariant culture. Not on the hot path.</summary>
internal static class Sentence
{
    // A device's text may be as long as its packet; a sentence shows its beginning.
    private const int LongestText = 64;

    /// <summary><c>doorOpen is true</c>.</summary>
    public static string Is(string source, Ternary truth) => truth switch
    {
        Ternary.True => $"{source} is true",
        Ternary.False => $"{source} is false",
        _ => HasNoValue(source),
    };

    /// <summary><c>power has no value</c>.</summary>
    public static string HasNoValue(string source) => $"{source} has no value";

    /// <summary><c>bearingTemperature is 92.3 degreeCelsius (> 85)</c>; the operator is one that holds.</summary>
    public static string Compares(string source, string value, Operator op, string bound) =>
        $"{source} is {value} ({op.Word()} {bound})";

    /// <summary>A bound: its value, after how it is written where that says more.</summary>
    public static string Bound(Node node, string value) => node.IsConstant ? value : $"{node.Source}, {value}";

    /// <summary>The text in quotes, shortened.</summary>
    public static string Quoted(string text) => $"'{Shorten(text)}'";

    /// <summary>The text, cut where it is too long for a sentence.</summary>
    public static string Shorten(string text)
    {
        if (text.Length <= LongestText)
        {
            return text;
        }

        int length = char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText;
        return string.Concat(text.AsSpan(0, length), "…");
    }

    /// <summary>A value of any type.</summary>
    public static string Any(ReadingValue value) => value.Type switch
    {
        TelemetryType.Number => Rounded(value.Number),
        TelemetryType.Text => Quoted(value.Text!),
        _ => Shorten(value.ToString()),
    };

    /// <summary>
    /// Two numbers, each rounded for people: three decimals, or four digits below 1. Where the rounding would make
    /// different numbers look the same, every digit is shown.
    /// </summary>
    public static (string Value, string Bound) Numbers(double value, double bound)
    {
        string shownValue = Rounded(value);
        string shownBound = Rounded(bound);
        return shownValue == shownBound && value != bound
            ? (Exact(value), Exact(bound))
            : (shownValue, shownBound);
    }

    private static string Rounded(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1 and < 1e15 => value.ToString("0.###", CultureInfo.InvariantCulture),
        _ => value.ToString("G4", CultureInfo.InvariantCulture),
    };

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
