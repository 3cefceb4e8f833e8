using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>A PUBLISH as it lies in the buffer that it was read from (MQTT 5 section 3.3).</summary>
internal ref struct PublishPacket
{
    // Printable ASCII without the wildcards: what topics are made of, seen in one vectorized pass.
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Where(c => c is not ('+' or '#')).Select(c => (byte)c)]);

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
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out PublishPacket packet)
    {
        packet = default;
        packet.Qos = (byte)((flags >> 1) & 3);
        packet.IsDuplicate = (flags & 8) != 0;
        packet.Retain = (flags & 1) != 0;
        if (packet.Qos == 3 || (packet.Qos == 0 && packet.IsDuplicate))
        {
            return WrongFlags(packet.Qos);
        }

        if (body.Length < sizeof(ushort))
        {
            return TooShort();
        }

        int topicEnd = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(body);
        int end = packet.Qos == 0 ? topicEnd : topicEnd + sizeof(ushort);
        if (end > body.Length)
        {
            return TooShort();
        }

        packet.Topic = body[sizeof(ushort)..topicEnd];
        if (packet.Qos != 0)
        {
            packet.PacketId = BinaryPrimitives.ReadUInt16BigEndian(body[topicEnd..]);
            if (packet.PacketId == 0)
            {
                return new PacketFault(ReasonCode.MalformedPacket, "The packet identifier is 0.");
            }
        }

        if (version == ProtocolVersion.V5)
        {
            // Most publishes have no properties: one byte, 0.
            if (end < body.Length && body[end] == 0)
            {
                end++;
            }
            else if (ReadProperties(body[end..], ref packet, out int length) is { } fault)
            {
                return fault;
            }
            else
            {
                end += length;
            }
        }

        packet.Payload = body[end..];
        return packet.Topic.IsEmpty && packet.TopicAlias == 0 ? NoTopic() : null;
    }

    /// <summary>
    /// Checks a topic name (section 4.7): not empty (0x82), UTF-8 without U+0000, control characters and non-characters
    /// (0x81), no wildcards (0x90).
    /// </summary>
    public static PacketFault? CheckTopic(ReadOnlySpan<byte> topic)
    {
        if (topic.IsEmpty)
        {
            return NoTopic();
        }

        return topic.IndexOfAnyExcept(Plain) < 0 ? null : CheckRareTopic(topic);
    }

    private static PacketFault? CheckRareTopic(ReadOnlySpan<byte> topic)
    {
        bool wildcard = false;
        while (!topic.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(topic, out Rune rune, out int length) != OperationStatus.Done)
            {
                return new PacketFault(ReasonCode.MalformedPacket, "The topic is not valid UTF-8.");
            }

            if (Rune.IsControl(rune) || IsNoCharacter(rune.Value))
            {
                return new PacketFault(
                    ReasonCode.MalformedPacket, $"The topic contains U+{rune.Value:X4}, which is not text.");
            }

            wildcard |= rune.Value is '+' or '#';
            topic = topic[length..];
        }

        return wildcard
            ? new PacketFault(ReasonCode.TopicNameInvalid, "The topic contains + or #; these are for filters.")
            : null;
    }

    // Unicode section 23.7: U+FDD0 to U+FDEF, and the last two of each plane.
    private static bool IsNoCharacter(int value) => value is >= 0xFDD0 and <= 0xFDEF || (value & 0xFFFE) == 0xFFFE;

    private static PacketFault? ReadProperties(ReadOnlySpan<byte> rest, ref PublishPacket packet, out int length)
    {
        FieldReader reader = new(rest);
        PropertyReader properties = reader.ReadProperties(PropertyScope.Publish);
        length = rest.Length - reader.Left;
        while (properties.Read())
        {
            switch (properties.Id)
            {
                case PropertyId.ContentType:
                    packet.ContentType = properties.Bytes;
                    break;
                case PropertyId.TopicAlias:
                    packet.TopicAlias = (ushort)properties.Number;
                    break;
                case PropertyId.MessageExpiryInterval:
                    packet.MessageExpiry = properties.Number;
                    break;
                case PropertyId.SubscriptionIdentifier:
                    return new PacketFault(
                        ReasonCode.ProtocolError, "A client's PUBLISH has no subscription identifier (MQTT-3.3.4-6).");
                default:
                    break;
            }
        }

        packet.Properties = properties.Block;
        return reader.Fault ?? properties.Fault;
    }

    private static PacketFault WrongFlags(int qos) => new(
        ReasonCode.MalformedPacket,
        qos == 3 ? "A PUBLISH has QoS 0, 1 or 2, not 3." : "A PUBLISH of QoS 0 cannot be a duplicate.");

    private static PacketFault TooShort() =>
        new(ReasonCode.MalformedPacket, "The packet ends before what it must hold.");

    private static PacketFault NoTopic() =>
        new(ReasonCode.ProtocolError, "The topic is empty, and there is no topic alias.");
}
