namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// A message to subscribers: one object for all of them, whatever their number. Immutable, thread-safe.
/// </summary>
internal sealed record OutgoingMessage
{
    /// <summary>Stands for "does not expire".</summary>
    public const long Never = long.MaxValue;

    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The topic in UTF-8.</summary>
    public required ReadOnlyMemory<byte> TopicUtf8 { get; init; }

    /// <summary>The payload; empty for a retained value that goes.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The quality of service that it was published with: 0, 1 or 2.</summary>
    public byte Qos { get; init; }

    /// <summary>The retain flag that it was published with.</summary>
    public bool Retain { get; init; }

    /// <summary>MQTT 5 properties but message expiry, encoded.</summary>
    public ReadOnlyMemory<byte> Properties { get; init; }

    /// <summary>Unix microseconds after which nobody gets it any more.</summary>
    public long ExpiresAt { get; init; } = Never;

    /// <summary>True when a newer message of the same topic makes it worthless: states and predictions.</summary>
    public bool IsConflated { get; init; }

    /// <summary>The twin whose command it is, or null.</summary>
    public TwinId? CommandOf { get; init; }

    /// <summary>The command's id, or null.</summary>
    public string? CommandId { get; init; }

    /// <summary>The client that published it; null for the grid itself.</summary>
    public string? Publisher { get; init; }
}
