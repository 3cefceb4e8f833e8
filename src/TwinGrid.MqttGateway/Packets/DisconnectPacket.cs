namespace TwinGrid.MqttGateway.Packets;

/// <summary>A DISCONNECT of a client (MQTT 5 section 3.14).</summary>
/// <param name="Reason">Success where none is given: a normal end, without the will.</param>
/// <param name="SessionExpiry">The session's new expiry in seconds, or null for none.</param>
internal readonly record struct DisconnectPacket(ReasonCode Reason, uint? SessionExpiry)
{
    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out DisconnectPacket packet)
    {
        packet = default;
        if (PacketFrame.CheckFlags(PacketType.Disconnect, flags) is { } wrongFlags)
        {
            return wrongFlags;
        }

        FieldReader reader = new(body);
        ReasonCode reason = ReasonCode.Success;
        uint? sessionExpiry = null;
        if (version == ProtocolVersion.V5 && reader.Left > 0)
        {
            reason = (ReasonCode)reader.ReadByte();
            if (!IsReason(reason))
            {
                reader.Fail(
                    ReasonCode.ProtocolError, $"0x{(byte)reason:X2} is no reason code of a client's DISCONNECT.");
            }

            // Section 3.14.2.2.1: without a length there are no properties.
            if (reader.Left > 0)
            {
                sessionExpiry = ReadProperties(ref reader);
            }
        }

        reader.End();
        packet = new DisconnectPacket(reason, sessionExpiry);
        return reader.Fault;
    }

    private static uint? ReadProperties(ref FieldReader reader)
    {
        uint? sessionExpiry = null;
        PropertyReader properties = reader.ReadProperties(PropertyScope.Disconnect);
        while (properties.Read())
        {
            if (properties.Id == PropertyId.SessionExpiryInterval)
            {
                sessionExpiry = properties.Number;
            }
            else if (properties.Id == PropertyId.ServerReference)
            {
                reader.Fail(ReasonCode.ProtocolError, "A client's DISCONNECT has no server reference.");
            }
        }

        reader.Fail(properties.Fault);
        return sessionExpiry;
    }

    // The table of section 3.14.2.1, without what only a server says.
    private static bool IsReason(ReasonCode reason) =>
        reason is ReasonCode.Success or ReasonCode.DisconnectWithWill or ReasonCode.UnspecifiedError
            or ReasonCode.MalformedPacket or ReasonCode.ProtocolError or ReasonCode.ImplementationSpecificError
            or ReasonCode.TopicNameInvalid or ReasonCode.ReceiveMaximumExceeded or ReasonCode.TopicAliasInvalid
            or ReasonCode.PacketTooLarge or ReasonCode.MessageRateTooHigh or ReasonCode.QuotaExceeded
            or ReasonCode.AdministrativeAction or ReasonCode.PayloadFormatInvalid;
}
