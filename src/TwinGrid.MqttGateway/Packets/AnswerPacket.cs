namespace TwinGrid.MqttGateway.Packets;

/// <summary>A PUBACK, PUBREC, PUBREL or PUBCOMP (MQTT 5 sections 3.4 to 3.7).</summary>
/// <param name="PacketId">Whose answer it is; not 0.</param>
/// <param name="Reason">Success where none is given.</param>
internal readonly record struct AnswerPacket(ushort PacketId, ReasonCode Reason)
{
    /// <summary>Reads what follows the fixed header, strictly: flags (0010 for PUBREL), properties, length.</summary>
    public static PacketFault? Read(
        PacketFrame frame, ReadOnlySpan<byte> body, ProtocolVersion version, out AnswerPacket packet) =>
        throw new NotSupportedException();
}

/// <summary>A DISCONNECT of a client (MQTT 5 section 3.14).</summary>
/// <param name="Reason">Success where none is given: a normal end, without the will.</param>
/// <param name="SessionExpiry">The session's new expiry in seconds, or null for none.</param>
internal readonly record struct DisconnectPacket(ReasonCode Reason, uint? SessionExpiry)
{
    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out DisconnectPacket packet) =>
        throw new NotSupportedException();
}
