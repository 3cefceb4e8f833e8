namespace TwinGrid.MqttGateway.Packets;

/// <summary>The properties of MQTT 5 (section 2.2.2.2).</summary>
internal enum PropertyId : byte
{
    PayloadFormatIndicator = 0x01,
    MessageExpiryInterval = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiryInterval = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelayInterval = 0x18,
    RequestResponseInformation = 0x19,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    SharedSubscriptionAvailable = 0x2A,
}

/// <summary>Where a client's property can stand.</summary>
[Flags]
internal enum PropertyScope
{
    None = 0,
    Connect = 1,
    Will = 2,
    Publish = 4,

    /// <summary>PUBACK, PUBREC, PUBREL, PUBCOMP.</summary>
    Answer = 8,
    Subscribe = 16,
    Unsubscribe = 32,
    Disconnect = 64,
    Anywhere = 127,
}

/// <summary>How a property's value is encoded.</summary>
internal enum PropertyKind
{
    /// <summary>No property that a client sends.</summary>
    None,
    Byte,
    UInt16,
    UInt32,
    Variable,
    Bytes,
    Text,
    TextPair,
}
