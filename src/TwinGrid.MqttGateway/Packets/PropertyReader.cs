namespace TwinGrid.MqttGateway.Packets;

/// <summary>
/// Goes through the properties of a client's packet (MQTT 5 section 2.2.2) and checks each: known, allowed in this
/// packet, there once, its value in range. Allocates nothing without a fault.
/// </summary>
/// <param name="block">The properties without their length.</param>
/// <param name="scope">Where they stand; one value.</param>
internal ref struct PropertyReader(ReadOnlySpan<byte> block, PropertyScope scope)
{
    /// <summary>How many user properties a packet may have; devices need a handful, a bomb is thousands.</summary>
    public const int MostUserProperties = 32;

    /// <summary>How many bytes the names and values of a packet's user properties may have together.</summary>
    public const int MostUserPropertyBytes = 4096;

    private readonly PropertyScope _scope = scope;
    private FieldReader _fields = new(block);
    private ulong _seen;
    private int _userProperties;
    private int _userPropertyBytes;

    /// <summary>Which property it is.</summary>
    public PropertyId Id { get; private set; }

    /// <summary>The value of one that is a number.</summary>
    public uint Number { get; private set; }

    /// <summary>The value of one that is text (UTF-8, checked) or binary data.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The property as it is encoded.</summary>
    public ReadOnlySpan<byte> Encoded { get; private set; }

    /// <summary>All properties, without their length.</summary>
    public readonly ReadOnlySpan<byte> Block { get; } = block;

    /// <summary>What was wrong, or null.</summary>
    public readonly PacketFault? Fault => _fields.Fault;

    /// <summary>Reads the next property; false at the end and at a fault.</summary>
    public bool Read()
    {
        if (_fields.Left == 0)
        {
            return false;
        }

        int start = Block.Length - _fields.Left;
        Id = (PropertyId)_fields.ReadByte();
        (PropertyKind kind, PropertyScope allowed) = Definition(Id);
        if ((allowed & _scope) == 0)
        {
            _fields.Fail(ReasonCode.MalformedPacket, $"Property 0x{(byte)Id:X2} is not one of this packet.");
            return false;
        }

        ReadValue(kind);
        if (_fields.Fault is null)
        {
            CheckOnce();
            CheckValue();
        }

        if (_fields.Fault is not null)
        {
            return false;
        }

        Encoded = Block[start..(Block.Length - _fields.Left)];
        return true;
    }

    private void ReadValue(PropertyKind kind)
    {
        Number = 0;
        Bytes = default;
        switch (kind)
        {
            case PropertyKind.Byte:
                Number = _fields.ReadByte();
                break;
            case PropertyKind.UInt16:
                Number = _fields.ReadUInt16();
                break;
            case PropertyKind.UInt32:
                Number = _fields.ReadUInt32();
                break;
            case PropertyKind.Variable:
                Number = _fields.ReadVariable();
                break;
            case PropertyKind.Bytes:
                Bytes = _fields.ReadBytes();
                break;
            case PropertyKind.Text:
                Bytes = _fields.ReadText();
                break;
            default:
                _userProperties++;
                _userPropertyBytes += _fields.ReadText().Length + _fields.ReadText().Length;
                break;
        }
    }

    private void CheckOnce()
    {
        if (Id == PropertyId.UserProperty)
        {
            if (_userProperties > MostUserProperties || _userPropertyBytes > MostUserPropertyBytes)
            {
                _fields.Fail(
                    ReasonCode.PacketTooLarge,
                    $"More than {MostUserProperties} user properties or {MostUserPropertyBytes} bytes of them.");
            }

            return;
        }

        // Identifiers end at 0x2A, so that one bit each will do.
        ulong bit = 1UL << (int)Id;
        if ((_seen & bit) != 0)
        {
            _fields.Fail(ReasonCode.ProtocolError, $"{Id} is there twice.");
        }

        _seen |= bit;
    }

    private void CheckValue()
    {
        switch (Id)
        {
            case PropertyId.PayloadFormatIndicator or PropertyId.RequestProblemInformation
                or PropertyId.RequestResponseInformation when Number > 1:
                _fields.Fail(ReasonCode.ProtocolError, $"{Id} is {Number}; it is 0 or 1.");
                break;
            case PropertyId.ReceiveMaximum or PropertyId.MaximumPacketSize or PropertyId.SubscriptionIdentifier
                when Number == 0:
                _fields.Fail(ReasonCode.ProtocolError, $"{Id} is 0; it is 1 or more.");
                break;
            case PropertyId.TopicAlias when Number == 0:
                _fields.Fail(ReasonCode.TopicAliasInvalid, "TopicAlias is 0; it is 1 or more.");
                break;
            case PropertyId.ResponseTopic when PublishPacket.CheckTopic(Bytes) is { } fault:
                // Well formed, and still no topic: section 4.13.1 calls that a protocol error, and 0x90 would speak of
                // the topic that is published to.
                _fields.Fail(fault with
                {
                    Reason = fault.Reason == ReasonCode.MalformedPacket ? fault.Reason : ReasonCode.ProtocolError,
                    Detail = $"{PropertyId.ResponseTopic}: {fault.Detail}",
                });
                break;
            default:
                break;
        }
    }

    // Properties that only servers send are absent, but for those that section 2.2.2.2 lists for a packet that clients
    // send, too: whoever reads that packet refuses them as a protocol error.
    private static (PropertyKind Kind, PropertyScope Scope) Definition(PropertyId id) => id switch
    {
        PropertyId.PayloadFormatIndicator => (PropertyKind.Byte, PropertyScope.Publish | PropertyScope.Will),
        PropertyId.MessageExpiryInterval => (PropertyKind.UInt32, PropertyScope.Publish | PropertyScope.Will),
        PropertyId.ContentType => (PropertyKind.Text, PropertyScope.Publish | PropertyScope.Will),
        PropertyId.ResponseTopic => (PropertyKind.Text, PropertyScope.Publish | PropertyScope.Will),
        PropertyId.CorrelationData => (PropertyKind.Bytes, PropertyScope.Publish | PropertyScope.Will),
        PropertyId.SubscriptionIdentifier => (PropertyKind.Variable, PropertyScope.Publish | PropertyScope.Subscribe),
        PropertyId.SessionExpiryInterval => (PropertyKind.UInt32, PropertyScope.Connect | PropertyScope.Disconnect),
        PropertyId.AuthenticationMethod => (PropertyKind.Text, PropertyScope.Connect),
        PropertyId.AuthenticationData => (PropertyKind.Bytes, PropertyScope.Connect),
        PropertyId.RequestProblemInformation => (PropertyKind.Byte, PropertyScope.Connect),
        PropertyId.WillDelayInterval => (PropertyKind.UInt32, PropertyScope.Will),
        PropertyId.RequestResponseInformation => (PropertyKind.Byte, PropertyScope.Connect),
        PropertyId.ServerReference => (PropertyKind.Text, PropertyScope.Disconnect),
        PropertyId.ReasonString => (PropertyKind.Text, PropertyScope.Answer | PropertyScope.Disconnect),
        PropertyId.ReceiveMaximum => (PropertyKind.UInt16, PropertyScope.Connect),
        PropertyId.TopicAliasMaximum => (PropertyKind.UInt16, PropertyScope.Connect),
        PropertyId.TopicAlias => (PropertyKind.UInt16, PropertyScope.Publish),
        PropertyId.UserProperty => (PropertyKind.TextPair, PropertyScope.Anywhere),
        PropertyId.MaximumPacketSize => (PropertyKind.UInt32, PropertyScope.Connect),
        _ => (PropertyKind.None, PropertyScope.None),
    };
}
