using System.Buffers;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>
/// Writes the packets of a server. Pure; MQTT 5 reason strings are left out where a packet would grow too large for its
/// client (section 3.2.2.3.9).
/// </summary>
internal static class PacketWriter
{
    /// <summary>Writes a CONNACK (section 3.2).</summary>
    public static void ConnAck(IBufferWriter<byte> output, ProtocolVersion version, in ConnAckPacket packet) =>
        throw new NotSupportedException();

    /// <summary>
    /// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP: 4 bytes, or more for MQTT 5 with another reason than success.
    /// </summary>
    public static void Answer(
        IBufferWriter<byte> output,
        PacketType type,
        ProtocolVersion version,
        ushort packetId,
        ReasonCode reason,
        string? detail) => throw new NotSupportedException();

    /// <summary>Writes a SUBACK (MQTT 3.1.1: 0x80 for every failure).</summary>
    public static void SubAck(
        IBufferWriter<byte> output, ProtocolVersion version, ushort packetId, ReadOnlySpan<ReasonCode> reasons) =>
        throw new NotSupportedException();

    /// <summary>Writes an UNSUBACK (MQTT 3.1.1: without reasons).</summary>
    public static void UnsubAck(
        IBufferWriter<byte> output, ProtocolVersion version, ushort packetId, ReadOnlySpan<ReasonCode> reasons) =>
        throw new NotSupportedException();

    /// <summary>Writes a PINGRESP.</summary>
    public static void PingResp(IBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>Writes a DISCONNECT; MQTT 5 only, MQTT 3.1.1 servers just close.</summary>
    public static void Disconnect(IBufferWriter<byte> output, ReasonCode reason, string? detail) =>
        throw new NotSupportedException();

    /// <summary>How many bytes <see cref="Publish"/> will write.</summary>
    public static int PublishLength(ProtocolVersion version, in OutgoingPublish packet) =>
        throw new NotSupportedException();

    /// <summary>Writes a PUBLISH (section 3.3).</summary>
    public static void Publish(IBufferWriter<byte> output, ProtocolVersion version, in OutgoingPublish packet) =>
        throw new NotSupportedException();
}

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

    /// <summary>Seconds that are left; null for none.</summary>
    public uint? MessageExpiry { get; init; }

    /// <summary>Properties that are the same for every subscriber, encoded, without message expiry.</summary>
    public ReadOnlyMemory<byte> Properties { get; init; }

    /// <summary>The identifiers of the subscriptions that match; empty for none.</summary>
    public ReadOnlyMemory<uint> SubscriptionIdentifiers { get; init; }
}
