namespace TwinGrid.Models;

/// <summary>
/// Which numbers the models learn from. Beyond 1e100 no physical quantity lies, and below it squares and products
/// of four stay finite, so no model can turn a wild reading into an infinity. NaN, infinities and larger numbers
/// are as if no value had come.
/// </summary>
internal static class Magnitude
{
    public const double Limit = 1e100;

    /// <summary>Below this a spread is as good as none; keeps every quotient of usable numbers finite.</summary>
    public const double Smallest = 1e-100;

    /// <summary>The part of a value that is rounding, not signal: some thousand times a double's own.</summary>
    public const double Rounding = 1e-12;

    public static bool IsUsable(double value) => Math.Abs(value) <= Limit;
}
