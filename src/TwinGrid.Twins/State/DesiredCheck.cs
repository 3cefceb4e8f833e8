using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Twins.State;

/// <summary>
/// Whether a patch asks for what a kind allows: declared, writable, of its type. Where the kind declares no property
/// anything may be asked for. Pure.
/// </summary>
internal static class DesiredCheck
{
    /// <summary>Says everything that is wrong with a patch.</summary>
    /// <param name="definition">The kind; null for an unmodelled one.</param>
    /// <param name="patch">A merge patch (RFC 7396).</param>
    /// <param name="errors">Where to.</param>
    public static void Check(TwinDefinition? definition, JsonObject patch, List<PropertyError> errors)
    {
        FindOwn(patch, "", errors);
        if (definition is { Properties.Count: > 0 } && errors.Count == 0)
        {
            CheckMembers(definition, patch, "", "", errors);
        }
    }

    // At any depth: a reader of a component looks for the grid's names as one of the whole does.
    private static void FindOwn(JsonNode? node, string at, List<PropertyError> errors)
    {
        if (node is JsonArray array)
        {
            for (int i = 0; i < array.Count; i++)
            {
                FindOwn(array[i], FormattableString.Invariant($"{at}/{i}"), errors);
            }

            return;
        }

        if (node is not JsonObject holder)
        {
            return;
        }

        foreach ((string name, JsonNode? value) in holder)
        {
            string pointer = Pointer(at, name);
            if (name.StartsWith('$'))
            {
                errors.Add(new PropertyError(pointer, "names that begin with $ are the grid's own"));
            }

            FindOwn(value, pointer, errors);
        }
    }

    private static void CheckMembers(
        TwinDefinition kind, JsonObject patch, string prefix, string pointer, List<PropertyError> errors)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            string path = prefix + name;
            string at = Pointer(pointer, name);
            if (!name.Contains('.', StringComparison.Ordinal)
                && kind.Properties.FirstOrDefault(p => p.Name == path) is { } property)
            {
                if (Wrong(property, value) is { } problem)
                {
                    errors.Add(new PropertyError(at, problem));
                }
            }
            else if (!IsComponent(kind, path))
            {
                errors.Add(new PropertyError(at, $"the kind {kind.Kind} declares no property {path}"));
            }
            else if (value is JsonObject component)
            {
                CheckMembers(kind, component, path + ".", at, errors);
            }
            else if (value is not null)
            {
                errors.Add(new PropertyError(at, $"{path} is a component: expected an object of its properties"));
            }
        }
    }

    private static bool IsComponent(TwinDefinition kind, string path) =>
        kind.Properties.Any(p => p.Name.Length > path.Length && p.Name[path.Length] == '.'
            && p.Name.StartsWith(path, StringComparison.Ordinal));

    private static string? Wrong(PropertyDefinition property, JsonNode? value)
    {
        if (!property.Writable)
        {
            return $"{property.Name} is not writable: only its device says what it is";
        }

        JsonValueKind kind = value?.GetValueKind() ?? JsonValueKind.Null;
        bool fits = kind == JsonValueKind.Null || property.Type switch
        {
            TelemetryType.Number => kind == JsonValueKind.Number,
            TelemetryType.Boolean => kind is JsonValueKind.True or JsonValueKind.False,
            TelemetryType.Text => kind == JsonValueKind.String,
            TelemetryType.Position => kind == JsonValueKind.Object,
            _ => true,
        };
        return fits ? null : $"{property.Name} is declared as {Word(property.Type)}, {Word(kind)} came";
    }

    private static string Word(TelemetryType type) => type switch
    {
        TelemetryType.Number => "a number",
        TelemetryType.Boolean => "true or false",
        TelemetryType.Position => "a position, an object",
        _ => "a text",
    };

    private static string Word(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.String => "a text",
        JsonValueKind.Array => "an array",
        _ => "an object",
    };

    private static string Pointer(string holder, string name) => holder + "/" + name
        .Replace("~", "~0", StringComparison.Ordinal)
        .Replace("/", "~1", StringComparison.Ordinal);
}
