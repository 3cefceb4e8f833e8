using System.Collections.Frozen;

namespace TwinGrid;

/// <summary>
/// One unit: a value v of it is (v - <see cref="Zero"/>) × <see cref="Numerator"/> / <see cref="Denominator"/> of its
/// quantity's base. Kept as a fraction so that 36 km/h is 10 m/s and not 9.999999999999998.
/// </summary>
internal sealed record Unit(string Quantity, string Name, double Numerator, double Denominator, double Zero)
{
    /// <summary>The value in another unit of the same quantity.</summary>
    public double To(Unit target, double value) =>
        ((value - Zero) * (Numerator * target.Denominator) / (Denominator * target.Numerator)) + target.Zero;
}

/// <summary>
/// The table of units. Factors: NIST SP 811 (2008) appendix B and BIPM's SI Brochure (2019); those of the inch, the
/// pound, the standard acceleration of gravity and the electronvolt are exact by definition.
/// </summary>
internal static partial class UnitTable
{
    private const double Inch = 0.0254;
    private const double Foot = 0.3048;
    private const double Mile = 1609.344;
    private const double Pound = 0.45359237;
    private const double Gravity = 9.80665;
    private const double PoundForce = 4.4482216152605;
    private const double ThermalUnit = 1055.05585262;
    private const double Electronvolt = 1.602176634e-19;
    private const double UsGallon = 3.785411784e-3;
    private const double Minute = 60;
    private const double Hour = 3600;
    private const double Day = 86_400;
    private const double Year = 365 * Day;
    private const double Kibi = 1024;
    private const double Mebi = Kibi * Kibi;
    private const double Gibi = Mebi * Kibi;
    private const double Tebi = Gibi * Kibi;
    private const double Exbi = Tebi * Kibi * Kibi;
    private const double Zebi = Exbi * Kibi;
    private const double Yobi = Zebi * Kibi;

    private static readonly FrozenDictionary<string, Unit> ByText = Build();

    /// <summary>Every name, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. ByText.Values.Select(static unit => unit.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The unit of a name or symbol, or null.</summary>
    public static Unit? Find(string text) => ByText.GetValueOrDefault(text);

    private static FrozenDictionary<string, Unit> Build()
    {
        Dictionary<string, Unit> byText = new(StringComparer.Ordinal);
        foreach (Row row in MechanicalRows.Concat(ElectricalRows).Concat(OtherRows))
        {
            Unit unit = new(row.Quantity, row.Name, row.Numerator, row.Denominator, row.Zero);
            byText.Add(unit.Name, unit);
            foreach (string symbol in row.Symbols.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (string spelling in Spellings(symbol).Where(spelling => spelling != unit.Name))
                {
                    byText.Add(spelling, unit);
                }
            }
        }

        return byText.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>
    /// The ways to write one symbol: micro as U+00B5, U+03BC or <c>u</c>, ohm as U+03A9, U+2126 or <c>ohm</c>, powers
    /// raised, plain or with a caret, products with a dot, an asterisk or nothing.
    /// </summary>
    private static IEnumerable<string> Spellings(string symbol)
    {
        IEnumerable<string> spellings = [symbol];
        spellings = Vary(spellings, "µ", "\u03BC", "u");
        spellings = Vary(spellings, "Ω", "\u2126", "ohm");
        spellings = Vary(spellings, "²", "2", "^2");
        spellings = Vary(spellings, "³", "3", "^3");
        spellings = Vary(spellings, "·", "*", "");
        return spellings.Select(static spelling => spelling.Replace('_', ' '));
    }

    private static IEnumerable<string> Vary(IEnumerable<string> spellings, string part, params string[] others) =>
        spellings.SelectMany(spelling => spelling.Contains(part, StringComparison.Ordinal)
            ? others.Select(other => spelling.Replace(part, other, StringComparison.Ordinal)).Prepend(spelling)
            : [spelling]);

    /// <param name="Quantity">What it measures.</param>
    /// <param name="Name">Its name as DTDL has it, or in DTDL's style where DTDL has none.</param>
    /// <param name="Symbols">Its symbols, split at spaces; an underscore stands for a space inside one.</param>
    /// <param name="Numerator">Of its size in the base unit.</param>
    /// <param name="Denominator">Of its size in the base unit.</param>
    /// <param name="Zero">Where the base unit's zero is on its scale.</param>
    private readonly record struct Row(
        string Quantity, string Name, string Symbols, double Numerator, double Denominator = 1, double Zero = 0);
}
