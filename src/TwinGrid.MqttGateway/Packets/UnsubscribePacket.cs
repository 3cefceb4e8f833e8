namespace TwinGrid.MqttGateway.Packets;

/// <summary>An UNSUBSCRIBE (MQTT 5 section 3.10). Immutable.</summary>
/// <param name="PacketId">Its identifier, not 0.</param>
/// <param name="Filters">One or more.</param>
internal sealed record UnsubscribePacket(ushort PacketId, IReadOnlyList<string> Filters)
{
    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out UnsubscribePacket? packet)
    {
        packet = null;
        FieldReader reader = new(body);
        reader.Fail(PacketFrame.CheckFlags(PacketType.Unsubscribe, flags));
        ushort packetId = reader.ReadPacketId();
        if (version == ProtocolVersion.V5)
        {
            reader.SkipProperties(PropertyScope.Unsubscribe);
        }

        ReadOnlySpan<byte> entries = body[^reader.Left..];
        int count = 0;
        for (; reader.Left > 0; count++)
        {
            reader.ReadText();
        }

        if (count == 0)
        {
            reader.Fail(ReasonCode.ProtocolError, "An UNSUBSCRIBE names one filter or more (MQTT-3.10.3-2).");
        }

        if (reader.Fault is { } fault)
        {
            return fault;
        }

        packet = new UnsubscribePacket(
            packetId, new FilterList<string>(entries, count, optionBytes: 0, static (filter, _) => filter));
        return null;
    }
}
