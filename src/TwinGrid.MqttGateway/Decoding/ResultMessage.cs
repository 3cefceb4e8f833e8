using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>What a device publishes on <c>results/{id}</c>, as it stands in the contract.</summary>
internal sealed record ResultMessage(string? Status, double? Progress, JsonElement? Result, string? Message)
{
    /// <summary>The status as the grid knows it, or null for a word that a device may not say.</summary>
    [JsonIgnore]
    public CommandStatus? CommandStatus => Status switch
    {
        "in-progress" => TwinGrid.CommandStatus.InProgress,
        "succeeded" => TwinGrid.CommandStatus.Succeeded,
        "failed" => TwinGrid.CommandStatus.Failed,
        "rejected" => TwinGrid.CommandStatus.Rejected,
        _ => null,
    };
}

/// <summary>Reads <see cref="ResultMessage"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ResultMessage))]
internal sealed partial class ResultMessageJson : JsonSerializerContext;
