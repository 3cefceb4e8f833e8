namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Which members an object may have. The reader takes no other, and a test holds the JSON Schema to the same.
/// </summary>
/// <param name="Noun">What the object is, for a sentence: <c>a policy</c>.</param>
/// <param name="Required">The members that must be there.</param>
/// <param name="Optional">The members that may be there.</param>
internal sealed record ObjectShape(string Noun, string[] Required, string[] Optional)
{
    /// <summary>Every member.</summary>
    public IEnumerable<string> Members => Required.Concat(Optional);
}
