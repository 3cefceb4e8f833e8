using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid;

/// <summary>JSON merge patches, RFC 7396: applied, and made from two documents. Pure, thread-safe.</summary>
public static class JsonMergePatch
{
    /// <summary>Merges a patch into an object: members that are null go, objects are merged, others replace.</summary>
    /// <param name="target">Changed in place.</param>
    /// <param name="patch">Not changed.</param>
    public static void Apply(JsonObject target, JsonObject patch)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(patch);
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

                Apply(child, inner);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    /// <summary>
    /// Writes the patch that turns one object into another. A patch cannot set a member to null, so a member that is
    /// null and one that is absent are the same here.
    /// </summary>
    /// <param name="before">An object.</param>
    /// <param name="after">An object.</param>
    /// <param name="writer">Where to.</param>
    public static void Write(JsonElement before, JsonElement after, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (JsonProperty member in after.EnumerateObject())
        {
            if (IsNull(member.Value))
            {
                continue;
            }

            WriteMember(before, member, writer);
        }

        foreach (JsonProperty member in before.EnumerateObject())
        {
            if (!IsNull(member.Value) && (!after.TryGetProperty(member.Name, out JsonElement now) || IsNull(now)))
            {
                writer.WriteNull(member.Name);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteMember(JsonElement before, JsonProperty member, Utf8JsonWriter writer)
    {
        bool wasThere = before.TryGetProperty(member.Name, out JsonElement old);
        if (wasThere && JsonElement.DeepEquals(old, member.Value))
        {
            return;
        }

        writer.WritePropertyName(member.Name);
        if (wasThere && old.ValueKind == JsonValueKind.Object && member.Value.ValueKind == JsonValueKind.Object)
        {
            Write(old, member.Value, writer);
        }
        else
        {
            member.Value.WriteTo(writer);
        }
    }

    private static bool IsNull(JsonElement element) => element.ValueKind == JsonValueKind.Null;
}
