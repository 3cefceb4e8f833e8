using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// A JSON value kept as its text: command arguments, results, properties. Carried unread through grains and the log,
/// written out verbatim. Immutable, thread-safe.
/// </summary>
[JsonConverter(typeof(RawJsonConverter))]
[GenerateSerializer, Immutable, Alias("TwinGrid.RawJson")]
public readonly record struct RawJson([property: Id(0)] string? Text)
{
    /// <summary>An empty object, <c>{}</c>.</summary>
    public static RawJson EmptyObject => new("{}");

    /// <summary>The text, <c>null</c> where none was given.</summary>
    public override string ToString() => Text ?? "null";

    internal sealed class RawJsonConverter : JsonConverter<RawJson>
    {
        public override bool HandleNull => true;

        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return new RawJson(document.RootElement.GetRawText());
        }

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.ToString());
    }
}
