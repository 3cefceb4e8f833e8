namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// The truth of a condition in Kleene's strong three-valued logic: "and" is the least of both, "or" the greatest,
/// "not" the negative. The default is unknown.
/// </summary>
internal enum Ternary : sbyte
{
    /// <summary>It does not hold.</summary>
    False = -1,

    /// <summary>A value that decides it is missing.</summary>
    Unknown = 0,

    /// <summary>It holds.</summary>
    True = 1,
}
