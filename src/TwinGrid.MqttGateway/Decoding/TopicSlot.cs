namespace TwinGrid.MqttGateway.Decoding;

/// <summary>What is known of one topic: where it leads, and the address of its twin. Thread-safe.</summary>
internal sealed class TopicSlot
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Where it leads.</summary>
    public required TopicRoute Route { get; init; }

    /// <summary>Its twin; null where it leads to none.</summary>
    public required TwinAddress? Address { get; init; }

    /// <summary>True when the topic's bytes were found valid once.</summary>
    public bool IsChecked { get; set; }
}
