namespace TwinGrid.MqttGateway.Delivery;

/// <summary>A message from the grid to its subscribers.</summary>
internal readonly record struct OutgoingMessage
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The payload; empty for a retained message that goes.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>True for QoS 1, false for QoS 0.</summary>
    public bool IsAcknowledged { get; init; }

    /// <summary>True when new subscribers get it too.</summary>
    public bool IsRetained { get; init; }

    /// <summary>MQTT 5 message expiry in seconds; 0 for none.</summary>
    public uint ExpirySeconds { get; init; }

    /// <summary>MQTT 5 response topic, or null.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>MQTT 5 correlation data, or null.</summary>
    public byte[]? CorrelationData { get; init; }
}
