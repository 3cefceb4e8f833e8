using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid.Hosting.Api;

/// <summary>The shapes of the API that are not the grid's own, written as <see cref="TwinGridJson"/> writes.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(AcknowledgeRequest))]
[JsonSerializable(typeof(Health.HealthBody))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>As <see cref="TwinGridJson.Readable"/>.</summary>
    public static ApiJson Readable => Eyes.Context;

    // A class of its own, because the order in which the parts of this one are initialized is not defined.
    private static class Eyes
    {
        public static readonly ApiJson Context =
            new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
