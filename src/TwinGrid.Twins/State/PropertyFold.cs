using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Twins.State;

/// <summary>Applies JSON merge patches to a twin's properties, RFC 7396.</summary>
internal static class PropertyFold
{
    /// <summary>The largest property document of a twin, in characters; a patch that goes beyond is dropped.</summary>
    private const int MostCharacters = 65_536;

    /// <summary>
    /// Merges a patch of what the device reports. <c>$revision</c>, the desired revision it answers, is not kept.
    /// </summary>
    public static void Report(TwinState state, ReadOnlySpan<byte> patch, TurnEffects effects, ref InputAnswer answer)
    {
        JsonNode? parsed = Parse(patch);
        if (parsed is not JsonObject changes)
        {
            answer.Drop("properties/reported", ReadingOutcome.Malformed, "a patch of properties is a JSON object");
            return;
        }

        changes.Remove("$revision");
        JsonObject reported = (JsonObject)JsonNode.Parse(state.Reported)!;
        Merge(reported, changes);
        string text = reported.ToJsonString();
        if (text.Length > MostCharacters)
        {
            answer.Drop(
                "properties/reported",
                ReadingOutcome.OverLimit,
                $"the properties would take over {MostCharacters} characters");
            return;
        }

        answer.Applied++;
        effects.Changed = true;
        state.Reported = text;
    }

    private static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            // Not JSON: the caller answers as for any other patch that is not an object.
            return null;
        }
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject inner)
            {
                if (target[name] is not JsonObject child)
                {
                    target[name] = child = [];
                }

                Merge(child, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }
}
