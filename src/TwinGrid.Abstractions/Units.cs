namespace TwinGrid;

/// <summary>
/// The units of readings: DTDL's unit names (QuantitativeTypes extension) and their usual symbols, by quantity, with
/// the exact factors of the SI (NIST SP 811, 2008, appendix B). Immutable tables, thread-safe, no allocation.
/// </summary>
/// <remarks>
/// Names and symbols are case-sensitive, as the SI is: <c>mW</c> is not <c>MW</c>. A symbol that stands for two
/// quantities is not taken: <c>C</c> (coulomb, degree Celsius), <c>F</c> (farad, degree Fahrenheit), <c>T</c>
/// (tesla, ton), <c>oz</c> (mass, force), <c>ppt</c> (per thousand, per trillion). Gallon and fluid ounce are those
/// of the US, a ton of force has 2,000 pounds, a horsepower is 550 ft·lbf/s, a British thermal unit is the
/// International Table's, a year has 365 days, acre and foot are the international ones.
/// </remarks>
public static class Units
{
    /// <summary>Every unit's name, in ordinal order; symbols are not among them.</summary>
    public static IReadOnlyList<string> Names => UnitTable.Names;

    /// <summary>True when the name or symbol is one that can be converted.</summary>
    public static bool IsKnown(string unit) => UnitTable.Find(unit) is not null;

    /// <summary>Gives the name of a unit: <c>°C</c> is <c>degreeCelsius</c>.</summary>
    /// <param name="unit">A name or a symbol.</param>
    /// <param name="name">Its name as DTDL has it; the text itself where it is not known.</param>
    /// <returns>False when it is not known.</returns>
    public static bool TryGetName(string unit, out string name)
    {
        Unit? known = UnitTable.Find(unit);
        name = known?.Name ?? unit;
        return known is not null;
    }

    /// <summary>What a unit measures, such as <c>temperature</c>; null where the unit is not known.</summary>
    /// <param name="unit">A name or a symbol.</param>
    public static string? QuantityOf(string unit) => UnitTable.Find(unit)?.Quantity;

    /// <summary>Converts a value between two units of one quantity.</summary>
    /// <param name="value">The value in <paramref name="from"/>.</param>
    /// <param name="from">A DTDL unit name or a symbol.</param>
    /// <param name="to">A DTDL unit name or a symbol.</param>
    /// <param name="converted">The value in <paramref name="to"/>; <paramref name="value"/> where not.</param>
    /// <returns>False when either is not known or they measure different quantities.</returns>
    public static bool TryConvert(double value, string from, string to, out double converted)
    {
        converted = value;
        Unit? source = UnitTable.Find(from);
        Unit? target = UnitTable.Find(to);
        if (source is null || target is null || source.Quantity != target.Quantity)
        {
            return false;
        }

        if (!ReferenceEquals(source, target))
        {
            converted = source.To(target, value);
        }

        return true;
    }
}
