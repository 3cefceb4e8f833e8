namespace TwinGrid.Dtdl;

/// <summary>The text of a DTDL document and the name that messages call it by.</summary>
/// <param name="Source">The name, such as <c>turbine.json</c>.</param>
/// <param name="Text">The JSON: one interface or an array of interfaces.</param>
public sealed record DefinitionText(string Source, string Text);
