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
internal sealed partial class ApiJson : JsonSerializerContext;
