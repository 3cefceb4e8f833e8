namespace TwinGrid.MqttGateway.Packets;

/// <summary>A PUBLISH as it lies in the buffer that it was read from (MQTT 5 section 3.3).</summary>
internal ref struct PublishPacket
{
    /// <summary>The topic in UTF-8, not checked yet but for its length; empty with a topic alias alone.</summary>
    public ReadOnlySpan<byte> Topic;

    /// <summary>The payload.</summary>
    public ReadOnlySpan<byte> Payload;

    /// <summary>The properties without their length, checked; empty for MQTT 3.1.1.</summary>
    public ReadOnlySpan<byte> Properties;

    /// <summary>Content type in UTF-8, or empty.</summary>
    public ReadOnlySpan<byte> ContentType;

    /// <summary>0 with QoS 0.</summary>
    public ushort PacketId;

    /// <summary>0 for none.</summary>
    public ushort TopicAlias;

    /// <summary>Seconds; null for none.</summary>
    public uint? MessageExpiry;

    /// <summary>0, 1 or 2.</summary>
    public byte Qos;

    public bool IsDuplicate;

    public bool Retain;

    /// <summary>
    /// Reads what follows the fixed header, strictly; allocates nothing without a fault. Whether the topic is UTF-8
    /// and without wildcards is for <see cref="CheckTopic"/>, once per topic and not per message. Topic Alias 0 and
    /// subscription identifiers are faults here; an alias above what was granted is the caller's to refuse.
    /// </summary>
    /// <param name="flags">The fixed header's flags.</param>
    /// <param name="body">The packet without its fixed header.</param>
    /// <param name="version">What was agreed at CONNECT.</param>
    /// <param name="packet">The packet, when there is no fault.</param>
    /// <returns>Null, or why it cannot be taken.</returns>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out PublishPacket packet) =>
        throw new NotSupportedException();

    /// <summary>
    /// Checks a topic name (section 4.7): not empty, UTF-8 without U+0000 and control characters (0x81), no wildcards
    /// (0x90).
    /// </summary>
    public static PacketFault? CheckTopic(ReadOnlySpan<byte> topic) => throw new NotSupportedException();
}
