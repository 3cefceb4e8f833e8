namespace TwinGrid.MqttGateway.Packets;

/// <summary>A PUBLISH to a subscriber.</summary>
internal readonly record struct OutgoingPublish
{
    /// <summary>The topic in UTF-8.</summary>
    public required ReadOnlyMemory<byte> Topic { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>0, 1 or 2.</summary>
    public required byte Qos { get; init; }

    /// <summary>0 with QoS 0.</summary>
    public ushort PacketId { get; init; }

    public bool IsDuplicate { get; init; }

    public bool Retain { get; init; }

    /// <summary>Seconds that are left; null for none. This and what follows is for MQTT 5 only.</summary>
    public uint? MessageExpiry { get; init; }

    /// <summary>Properties that are the same for every subscriber, encoded, without message expiry.</summary>
    public ReadOnlyMemory<byte> Properties { get; init; }

    /// <summary>The identifiers of the subscriptions that match; empty for none.</summary>
    public ReadOnlyMemory<uint> SubscriptionIdentifiers { get; init; }
}
