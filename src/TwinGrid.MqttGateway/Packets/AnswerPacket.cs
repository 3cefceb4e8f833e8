namespace TwinGrid.MqttGateway.Packets;

/// <summary>A PUBACK, PUBREC, PUBREL or PUBCOMP (MQTT 5 sections 3.4 to 3.7).</summary>
/// <param name="PacketId">Whose answer it is; not 0.</param>
/// <param name="Reason">Success where none is given.</param>
internal readonly record struct AnswerPacket(ushort PacketId, ReasonCode Reason)
{
    /// <summary>Reads what follows the fixed header, strictly: flags (0010 for PUBREL), properties, length.</summary>
    public static PacketFault? Read(
        PacketFrame frame, ReadOnlySpan<byte> body, ProtocolVersion version, out AnswerPacket packet)
    {
        packet = default;
        if (PacketFrame.CheckFlags(frame.Type, frame.Flags) is { } wrongFlags)
        {
            return wrongFlags;
        }

        FieldReader reader = new(body);
        ushort packetId = reader.ReadPacketId();
        ReasonCode reason = ReasonCode.Success;

        // Sections 3.4.2.1 and 3.4.2.2.1: without a reason it is success, without a length there are no properties.
        if (version == ProtocolVersion.V5 && reader.Left > 0)
        {
            reason = (ReasonCode)reader.ReadByte();
            if (!IsReason(frame.Type, reason))
            {
                reader.Fail(ReasonCode.ProtocolError, $"0x{(byte)reason:X2} is no reason code of {frame.Type}.");
            }

            if (reader.Left > 0)
            {
                reader.SkipProperties(PropertyScope.Answer);
            }
        }

        reader.End();
        packet = new AnswerPacket(packetId, reason);
        return reader.Fault;
    }

    private static bool IsReason(PacketType type, ReasonCode reason) => type switch
    {
        PacketType.PubAck or PacketType.PubRec => reason is ReasonCode.Success or ReasonCode.NoMatchingSubscribers
            or ReasonCode.UnspecifiedError or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized
            or ReasonCode.TopicNameInvalid or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded
            or ReasonCode.PayloadFormatInvalid,
        _ => reason is ReasonCode.Success or ReasonCode.PacketIdentifierNotFound,
    };
}
