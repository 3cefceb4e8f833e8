using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Dtdl.Compilation;

/// <summary>
/// Writes learnt parameters into the definitions whose models name them: the option <c>parameters</c> may be the name
/// of a file beside the kind file. What runs is then in the definition, so that another content is another revision
/// of it, and old turns are folded under the old one.
/// </summary>
/// <param name="directory">Where the files are.</param>
/// <param name="read">Reads a file; throws <see cref="DefinitionException"/>.</param>
internal sealed class ParameterFiles(string directory, Func<string, byte[]> read)
{
    public const string Suffix = ".parameters.json";

    private const string Option = "parameters";

    public TwinDefinition WriteInto(TwinDefinition definition)
    {
        if (!definition.Models.Any(Names))
        {
            return definition;
        }

        ModelDefinition[] models = [.. definition.Models];
        for (int i = 0; i < models.Length; i++)
        {
            if (Names(models[i]))
            {
                models[i] = models[i] with { Options = WriteIn(models[i].Options, definition.Source ?? "", i) };
            }
        }

        return definition with { Models = models };
    }

    private static bool Names(ModelDefinition model) => model.Options.ValueKind == JsonValueKind.Object
        && model.Options.TryGetProperty(Option, out JsonElement option)
        && option.ValueKind == JsonValueKind.String;

    private JsonElement WriteIn(JsonElement options, string source, int model)
    {
        string place = $"$.models[{model}].options.{Option}";
        string name = options.GetProperty(Option).GetString()!;
        string path = Path.Combine(directory, Path.GetFileName(name));
        if (Path.GetFileName(name) != name || !name.EndsWith(Suffix, StringComparison.Ordinal))
        {
            throw new DefinitionException(
                source, place, $"'{name}' stands where a file NAME{Suffix} beside the kind file was expected");
        }

        if (!File.Exists(path))
        {
            throw new DefinitionException(source, place, $"'{name}': there is no such file in {directory}");
        }

        try
        {
            JsonObject written = JsonObject.Create(options)!;
            written[Option] = JsonNode.Parse(read(path));
            return JsonSerializer.SerializeToElement(written);
        }
        catch (JsonException e)
        {
            throw new DefinitionException($"{source}: {place}: {name}: this is no JSON: {e.Message}", e);
        }
    }
}
