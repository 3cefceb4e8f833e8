using System.Text.Json;

namespace TwinGrid.Twins.Definitions;

/// <summary>A definition as the text that the grid stores of each of its revisions.</summary>
internal static class DefinitionText
{
    public static string Write(TwinDefinition definition) =>
        JsonSerializer.Serialize(definition, TwinGridJson.Default.TwinDefinition);

    public static TwinDefinition Read(string text) =>
        JsonSerializer.Deserialize(text, TwinGridJson.Default.TwinDefinition)
        ?? throw new TwinGridException("a stored definition is empty");
}
