using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// How everything that leaves or enters the grid is written as JSON: camelCase, enums in lower case, absent members
/// left out. Source-generated.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ReadingValue))]
[JsonSerializable(typeof(TwinSnapshot))]
[JsonSerializable(typeof(TwinPage))]
[JsonSerializable(typeof(HistoryReading))]
[JsonSerializable(typeof(HistoryPage))]
[JsonSerializable(typeof(Quality))]
[JsonSerializable(typeof(PredictionSnapshot))]
[JsonSerializable(typeof(AlarmSnapshot))]
[JsonSerializable(typeof(CommandSnapshot))]
[JsonSerializable(typeof(CommandMessage))]
[JsonSerializable(typeof(DesiredSnapshot))]
[JsonSerializable(typeof(CommandResultInput))]
[JsonSerializable(typeof(PresenceInput))]
[JsonSerializable(typeof(CommandRequestInput))]
[JsonSerializable(typeof(CommandDeliveredInput))]
[JsonSerializable(typeof(CommandCancelledInput))]
[JsonSerializable(typeof(DesiredPropertiesInput))]
[JsonSerializable(typeof(ReportedSnapshot))]
[JsonSerializable(typeof(AlarmAcknowledgementInput))]
[JsonSerializable(typeof(ModelOutputInput))]
[JsonSerializable(typeof(TwinDefinition))]
[JsonSerializable(typeof(DroppedReading))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class TwinGridJson : JsonSerializerContext
{
    /// <summary>
    /// The same, written for eyes too: <c>&gt;</c>, quotes and letters of any language stand as they are. For bodies
    /// that say that they are JSON, never for text inside HTML.
    /// </summary>
    public static TwinGridJson Readable => Eyes.Context;

    // A class of its own, because the order in which the parts of this one are initialized is not defined.
    private static class Eyes
    {
        public static readonly TwinGridJson Context =
            new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}

/// <summary>Writes an enum as the API's words: camelCase.</summary>
internal sealed class CamelCaseEnum<T>()
    : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
