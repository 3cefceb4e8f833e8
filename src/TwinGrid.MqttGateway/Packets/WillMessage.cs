namespace TwinGrid.MqttGateway.Packets;

/// <summary>What is published when its client goes without a word (MQTT 5 section 3.1.2.5). Immutable.</summary>
internal sealed record WillMessage
{
    /// <summary>The connect flag that says that there is a will.</summary>
    public const int Flag = 0x04;

    private const int QosFlags = 0x18;
    private const int QosShift = 3;
    private const int RetainFlag = 0x20;

    /// <summary>The topic in UTF-8.</summary>
    public required ReadOnlyMemory<byte> Topic { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>0, 1 or 2.</summary>
    public required byte Qos { get; init; }

    public bool Retain { get; init; }

    /// <summary>Seconds between the end of the connection and the will.</summary>
    public uint Delay { get; init; }

    /// <summary>Seconds after its publication for which it is of use; null for ever.</summary>
    public uint? MessageExpiry { get; init; }

    /// <summary>Content type in UTF-8; empty for none.</summary>
    public ReadOnlyMemory<byte> ContentType { get; init; }

    /// <summary>
    /// The will's own properties, as they came (what a PUBLISH would carry, so without the delay); empty for none.
    /// </summary>
    public ReadOnlyMemory<byte> PublishProperties { get; init; }

    /// <summary>Null, or what is wrong with what a CONNECT's flags say of the will.</summary>
    public static string? CheckFlags(int flags) => flags switch
    {
        _ when (flags & Flag) == 0 && (flags & (QosFlags | RetainFlag)) != 0 =>
            "Will QoS or Will Retain without a will (MQTT-3.1.2-11, MQTT-3.1.2-13).",
        _ when (flags & QosFlags) == QosFlags => "The will has QoS 0, 1 or 2, not 3 (MQTT-3.1.2-12).",
        _ => null,
    };

    /// <summary>Reads the will out of a CONNECT's payload.</summary>
    public static WillMessage Read(ref FieldReader reader, int flags, ProtocolVersion? version)
    {
        uint delay = 0;
        uint? messageExpiry = null;
        ReadOnlySpan<byte> contentType = default;
        byte[] publishProperties = [];
        if (version == ProtocolVersion.V5)
        {
            PropertyReader properties = reader.ReadProperties(PropertyScope.Will);
            while (properties.Read())
            {
                switch (properties.Id)
                {
                    case PropertyId.WillDelayInterval:
                        delay = properties.Number;
                        break;
                    case PropertyId.MessageExpiryInterval:
                        messageExpiry = properties.Number;
                        break;
                    case PropertyId.ContentType:
                        contentType = properties.Bytes;
                        break;
                    default:
                        break;
                }
            }

            reader.Fail(properties.Fault);
            if (properties.Fault is null)
            {
                publishProperties = Packets.PublishProperties.OfWill(properties.Block);
            }
        }

        ReadOnlySpan<byte> topic = reader.ReadText();
        if (reader.Fault is null)
        {
            reader.Fail(PublishPacket.CheckTopic(topic));
        }

        return new WillMessage
        {
            Topic = topic.ToArray(),
            Payload = reader.ReadBytes().ToArray(),
            Qos = (byte)((flags & QosFlags) >> QosShift),
            Retain = (flags & RetainFlag) != 0,
            Delay = delay,
            MessageExpiry = messageExpiry,
            ContentType = contentType.ToArray(),
            PublishProperties = publishProperties,
        };
    }
}
