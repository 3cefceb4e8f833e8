namespace TwinGrid.MqttGateway.Packets;

/// <summary>When a new subscription gets what is retained (MQTT 5 section 3.8.3.1).</summary>
internal enum RetainHandling : byte
{
    Always = 0,
    IfNew = 1,
    Never = 2,
}

/// <summary>One subscription as the client asks for it. Immutable.</summary>
/// <param name="Filter">The filter's text; UTF-8 was checked, the rules of wildcards were not.</param>
/// <param name="Qos">The most that the client wants: 0, 1 or 2.</param>
/// <param name="NoLocal">Not its own messages.</param>
/// <param name="RetainAsPublished">The retain flag as it was published.</param>
/// <param name="RetainHandling">When what is retained comes.</param>
internal sealed record SubscriptionRequest(
    string Filter, byte Qos, bool NoLocal, bool RetainAsPublished, RetainHandling RetainHandling);

/// <summary>A SUBSCRIBE (MQTT 5 section 3.8). Immutable.</summary>
/// <param name="PacketId">Its identifier, not 0.</param>
/// <param name="SubscriptionIdentifier">1 to 268,435,455, or 0 for none.</param>
/// <param name="Subscriptions">One or more.</param>
internal sealed record SubscribePacket(
    ushort PacketId, uint SubscriptionIdentifier, IReadOnlyList<SubscriptionRequest> Subscriptions)
{
    private const int QosBits = 0x03;
    private const int NoLocalBit = 0x04;
    private const int RetainAsPublishedBit = 0x08;
    private const int RetainHandlingShift = 4;
    private const int ReservedBits = 0xC0;

    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out SubscribePacket? packet)
    {
        packet = null;
        FieldReader reader = new(body);
        reader.Fail(PacketFrame.CheckFlags(PacketType.Subscribe, flags));
        ushort packetId = reader.ReadPacketId();
        uint identifier = version == ProtocolVersion.V5 ? ReadIdentifier(ref reader) : 0;
        ReadOnlySpan<byte> entries = body[^reader.Left..];
        int count = 0;
        while (reader.Left > 0)
        {
            ReadOnlySpan<byte> filter = reader.ReadText();
            byte options = reader.ReadByte();
            if (reader.Fault is null)
            {
                reader.Fail(CheckOptions(filter, options, version));
            }

            count++;
        }

        if (count == 0)
        {
            reader.Fail(ReasonCode.ProtocolError, "A SUBSCRIBE names one filter or more (MQTT-3.8.3-2).");
        }

        if (reader.Fault is { } fault)
        {
            return fault;
        }

        packet = new SubscribePacket(
            packetId, identifier, new FilterList<SubscriptionRequest>(entries, count, optionBytes: 1, Decode));
        return null;
    }

    private static uint ReadIdentifier(ref FieldReader reader)
    {
        uint identifier = 0;
        PropertyReader properties = reader.ReadProperties(PropertyScope.Subscribe);
        while (properties.Read())
        {
            if (properties.Id == PropertyId.SubscriptionIdentifier)
            {
                identifier = properties.Number;
            }
        }

        reader.Fail(properties.Fault);
        return identifier;
    }

    private static PacketFault? CheckOptions(ReadOnlySpan<byte> filter, byte options, ProtocolVersion version)
    {
        if (version == ProtocolVersion.V311)
        {
            return options <= 2
                ? null
                : new PacketFault(ReasonCode.MalformedPacket, "A subscription has QoS 0, 1 or 2, and no other bits.");
        }

        return options switch
        {
            _ when (options & ReservedBits) != 0 => new PacketFault(
                ReasonCode.MalformedPacket, "Reserved bits of a subscription's options are set (MQTT-3.8.3-5)."),
            _ when (options & QosBits) == 3 =>
                new PacketFault(ReasonCode.ProtocolError, "A subscription has QoS 0, 1 or 2, not 3."),
            _ when (options >> RetainHandlingShift) == 3 =>
                new PacketFault(ReasonCode.ProtocolError, "A subscription's retain handling is 0, 1 or 2, not 3."),
            _ when (options & NoLocalBit) != 0 && filter.StartsWith("$share/"u8) => new PacketFault(
                ReasonCode.ProtocolError, "A shared subscription cannot ask for No Local (MQTT-3.8.3-4)."),
            _ => null,
        };
    }

    private static SubscriptionRequest Decode(string filter, byte options) => new(
        filter,
        (byte)(options & QosBits),
        (options & NoLocalBit) != 0,
        (options & RetainAsPublishedBit) != 0,
        (RetainHandling)(options >> RetainHandlingShift));
}
