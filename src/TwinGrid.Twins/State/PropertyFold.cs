using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Twins.State;

/// <summary>Applies JSON merge patches to a twin's properties, RFC 7396.</summary>
internal static class PropertyFold
{
    /// <summary>The largest property document of a twin, in characters; a patch that goes beyond is dropped.</summary>
    public const int MostCharacters = 65_536;

    private const string Revision = "$revision";

    // Stored as people write it, quotes and letters of any language as they are.
    private static readonly JsonSerializerOptions s_readable =
        new(JsonSerializerOptions.Default) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Merges a patch of what the device reports. <c>$revision</c>, the desired revision it answers, stands beside.
    /// </summary>
    public static void Report(TwinState state, ReadOnlySpan<byte> patch, TurnEffects effects, ref InputAnswer answer)
    {
        JsonNode? parsed = Parse(patch);
        if (parsed is not JsonObject changes)
        {
            answer.Drop("properties/reported", ReadingOutcome.Malformed, "a patch of properties is a JSON object");
            return;
        }

        long answered = changes[Revision] is JsonValue said && said.TryGetValue(out long number) ? number : 0;
        changes.Remove(Revision);
        JsonObject reported = (JsonObject)JsonNode.Parse(state.Reported)!;
        JsonMergePatch.Apply(reported, changes);
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
        if (answered > state.AnsweredRevision && answered <= state.DesiredRevision)
        {
            state.AnsweredRevision = answered;
        }
    }

    /// <summary>
    /// Merges a patch of what the device is asked to be, where the kind allows it and the desired properties are at
    /// the revision that the write asks for. One that changes nothing makes no revision.
    /// </summary>
    public static void Desire(
        TwinState state, DesiredPropertiesInput write, TurnEffects effects, ref InputAnswer answer)
    {
        List<PropertyError> errors = [];
        DesiredRefusal refusal = TryDesire(state, write, errors, out string desired);
        if (refusal == DesiredRefusal.None && desired != state.Desired)
        {
            state.Desired = desired;
            state.DesiredRevision++;
            state.DesiredWrite = write.Id;
            effects.Desire();
        }

        answer.Desired = new DesiredAnswer(
            refusal, new DesiredSnapshot(state.DesiredRevision, new RawJson(state.Desired)), errors);
    }

    private static DesiredRefusal TryDesire(
        TwinState state, DesiredPropertiesInput write, List<PropertyError> errors, out string desired)
    {
        desired = state.Desired;
        if (write.Id == state.DesiredWrite)
        {
            // Sent again because its answer was lost: it is done.
            return DesiredRefusal.None;
        }

        if (write.IfMatch is { } revisions && !revisions.Contains(state.DesiredRevision))
        {
            return DesiredRefusal.Conflict;
        }

        if (Parse(Encoding.UTF8.GetBytes(write.Patch.ToString())) is not JsonObject patch)
        {
            errors.Add(new PropertyError("", "a patch of properties is a JSON object"));
            return DesiredRefusal.Invalid;
        }

        DesiredCheck.Check(state.Kind.Definition, patch, errors);
        if (errors.Count > 0)
        {
            return DesiredRefusal.Invalid;
        }

        JsonObject merged = (JsonObject)JsonNode.Parse(state.Desired)!;
        JsonMergePatch.Apply(merged, patch);
        string text = merged.ToJsonString(s_readable);
        if (text.Length > MostCharacters)
        {
            return DesiredRefusal.TooLarge;
        }

        desired = JsonNode.DeepEquals(merged, JsonNode.Parse(state.Desired)) ? state.Desired : text;
        return DesiredRefusal.None;
    }

    private static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // Not JSON, or one name twice: the caller answers as for any other patch that is not an object.
            return null;
        }
    }
}
