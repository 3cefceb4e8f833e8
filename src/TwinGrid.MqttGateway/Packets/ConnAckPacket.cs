namespace TwinGrid.MqttGateway.Packets;

/// <summary>What a CONNACK says; the properties are for MQTT 5 only.</summary>
internal readonly record struct ConnAckPacket
{
    public required ReasonCode Reason { get; init; }

    public bool SessionPresent { get; init; }

    /// <summary>Written when not null: the interval that the server grants, in seconds.</summary>
    public uint? SessionExpiry { get; init; }

    public ushort? ReceiveMaximum { get; init; }

    public uint? MaximumPacketSize { get; init; }

    public string? AssignedClientId { get; init; }

    public ushort? TopicAliasMaximum { get; init; }

    public ushort? ServerKeepAlive { get; init; }

    /// <summary>Written when false.</summary>
    public bool RetainAvailable { get; init; } = true;

    /// <summary>Written when false.</summary>
    public bool SharedSubscriptionAvailable { get; init; } = true;

    public string? ReasonString { get; init; }

    public ConnAckPacket()
    {
    }
}
