using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>
/// Writes the packets of a server, straight into the output's memory. Pure; MQTT 5 reason strings are left out where a
/// packet would grow too large for its client (section 3.2.2.3.9), and cut off after <see cref="MostDetailBytes"/>.
/// </summary>
internal static class PacketWriter
{
    /// <summary>The most bytes of a reason string: a sentence or two, for a person who looks at a trace.</summary>
    public const int MostDetailBytes = 512;

    private const int MostLengthBytes = 4;

    // A payload up to here goes into one span with its header. Larger ones are copied into what room there is, so that
    // no output must find contiguous memory for a packet of 256 KiB.
    private const int SmallPayload = 1024;

    /// <summary>
    /// Writes a CONNACK (section 3.2); nothing for MQTT 3.1.1 where its return codes have no word for the reason: then
    /// the connection is closed without one (MQTT-3.2.2-6).
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="version">The client's.</param>
    /// <param name="packet">What it says.</param>
    /// <param name="largest">The most bytes that the client takes; more, and the reason string is left out.</param>
    public static void ConnAck(
        IBufferWriter<byte> output, ProtocolVersion version, in ConnAckPacket packet, uint largest = uint.MaxValue)
    {
        byte present = packet.SessionPresent && packet.Reason == ReasonCode.Success ? (byte)1 : (byte)0;
        if (version == ProtocolVersion.V311)
        {
            if (ReturnCode(packet.Reason) is { } returnCode)
            {
                output.Write<byte>([FirstByte(PacketType.ConnAck), 2, present, returnCode]);
            }

            return;
        }

        Span<byte> buffer = stackalloc byte[MostDetailBytes];
        ReadOnlySpan<byte> detail = Encode(packet.ReasonString, buffer);
        int properties = ConnAckProperties(in packet);
        if (Length(2, properties, detail) > largest)
        {
            detail = default;
        }

        properties += DetailLength(detail);
        FieldWriter writer = Start(output, PacketType.ConnAck, 2 + Sized(properties));
        writer.Byte(present);
        writer.Byte((byte)packet.Reason);
        writer.Variable((uint)properties);
        writer.UInt32Property(PropertyId.SessionExpiryInterval, packet.SessionExpiry);
        writer.UInt16Property(PropertyId.ReceiveMaximum, packet.ReceiveMaximum);
        writer.ByteProperty(PropertyId.RetainAvailable, packet.RetainAvailable ? null : (byte)0);
        writer.UInt32Property(PropertyId.MaximumPacketSize, packet.MaximumPacketSize);
        writer.TextProperty(PropertyId.AssignedClientIdentifier, packet.AssignedClientId);
        writer.UInt16Property(PropertyId.TopicAliasMaximum, packet.TopicAliasMaximum);
        WriteDetail(ref writer, detail);
        writer.ByteProperty(
            PropertyId.SharedSubscriptionAvailable, packet.SharedSubscriptionAvailable ? null : (byte)0);
        writer.UInt16Property(PropertyId.ServerKeepAlive, packet.ServerKeepAlive);
        output.Advance(writer.Written);
    }

    /// <summary>
    /// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP: 4 bytes, or more for MQTT 5 with another reason than success.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">Which of the four.</param>
    /// <param name="version">The client's.</param>
    /// <param name="packetId">Of what is answered.</param>
    /// <param name="reason">For MQTT 5 only.</param>
    /// <param name="detail">The reason as a sentence, without U+0000, or null; left out with success.</param>
    /// <param name="largest">The most bytes that the client takes; more than that, and the detail is left out.</param>
    public static void Answer(
        IBufferWriter<byte> output,
        PacketType type,
        ProtocolVersion version,
        ushort packetId,
        ReasonCode reason,
        string? detail,
        uint largest = uint.MaxValue)
    {
        if (reason == ReasonCode.Success || version == ProtocolVersion.V311)
        {
            Span<byte> plain = output.GetSpan(4);
            plain[0] = FirstByte(type);
            plain[1] = 2;
            plain[2] = (byte)(packetId >> 8);
            plain[3] = (byte)packetId;
            output.Advance(4);
            return;
        }

        Span<byte> buffer = stackalloc byte[MostDetailBytes];
        ReadOnlySpan<byte> text = Encode(detail, buffer);
        if (Length(3, 0, text) > largest)
        {
            text = default;
        }

        FieldWriter writer = Start(output, type, text.IsEmpty ? 3 : 3 + Sized(DetailLength(text)));
        writer.UInt16(packetId);
        writer.Byte((byte)reason);
        WriteOnlyDetail(ref writer, text);
        output.Advance(writer.Written);
    }

    /// <summary>Writes a SUBACK (MQTT 3.1.1: 0x80 for every failure).</summary>
    public static void SubAck(
        IBufferWriter<byte> output, ProtocolVersion version, ushort packetId, ReadOnlySpan<ReasonCode> reasons)
    {
        int properties = version == ProtocolVersion.V5 ? 1 : 0;
        FieldWriter writer = Start(output, PacketType.SubAck, sizeof(ushort) + properties + reasons.Length);
        writer.UInt16(packetId);
        if (version == ProtocolVersion.V5)
        {
            writer.Byte(0);
        }

        foreach (ReasonCode reason in reasons)
        {
            bool failure = reason >= ReasonCode.UnspecifiedError;
            writer.Byte((byte)(failure && version == ProtocolVersion.V311 ? ReasonCode.UnspecifiedError : reason));
        }

        output.Advance(writer.Written);
    }

    /// <summary>Writes an UNSUBACK (MQTT 3.1.1: without reasons).</summary>
    public static void UnsubAck(
        IBufferWriter<byte> output, ProtocolVersion version, ushort packetId, ReadOnlySpan<ReasonCode> reasons)
    {
        int rest = version == ProtocolVersion.V5 ? 1 + reasons.Length : 0;
        FieldWriter writer = Start(output, PacketType.UnsubAck, sizeof(ushort) + rest);
        writer.UInt16(packetId);
        if (version == ProtocolVersion.V5)
        {
            writer.Byte(0);
            foreach (ReasonCode reason in reasons)
            {
                writer.Byte((byte)reason);
            }
        }

        output.Advance(writer.Written);
    }

    /// <summary>Writes a PINGRESP.</summary>
    public static void PingResp(IBufferWriter<byte> output) => output.Write<byte>([FirstByte(PacketType.PingResp), 0]);

    /// <summary>Writes a DISCONNECT; MQTT 5 only, MQTT 3.1.1 servers just close.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="reason">Why.</param>
    /// <param name="detail">The reason as a sentence, without U+0000, or null.</param>
    /// <param name="largest">The most bytes that the client takes; more than that, and the detail is left out.</param>
    public static void Disconnect(
        IBufferWriter<byte> output, ReasonCode reason, string? detail, uint largest = uint.MaxValue)
    {
        Span<byte> buffer = stackalloc byte[MostDetailBytes];
        ReadOnlySpan<byte> text = Encode(detail, buffer);
        if (Length(1, 0, text) > largest)
        {
            text = default;
        }

        FieldWriter writer = Start(output, PacketType.Disconnect, text.IsEmpty ? 1 : 1 + Sized(DetailLength(text)));
        writer.Byte((byte)reason);
        WriteOnlyDetail(ref writer, text);
        output.Advance(writer.Written);
    }

    /// <summary>How many bytes <see cref="Publish"/> will write.</summary>
    public static int PublishLength(ProtocolVersion version, in OutgoingPublish packet)
    {
        int remaining = PublishRemaining(version, in packet, PublishPropertiesLength(version, in packet));
        return 1 + Sized(remaining);
    }

    /// <summary>Writes a PUBLISH (section 3.3).</summary>
    public static void Publish(IBufferWriter<byte> output, ProtocolVersion version, in OutgoingPublish packet)
    {
        int properties = PublishPropertiesLength(version, in packet);
        int remaining = PublishRemaining(version, in packet, properties);
        ReadOnlySpan<byte> payload = packet.Payload.Span;
        bool small = payload.Length <= SmallPayload;
        int header = 1 + MostLengthBytes + remaining - payload.Length;
        FieldWriter writer = new(output.GetSpan(small ? header + payload.Length : header));
        writer.Byte((byte)(FirstByte(PacketType.Publish)
            | (packet.IsDuplicate ? 0x08 : 0) | (packet.Qos << 1) | (packet.Retain ? 0x01 : 0)));
        writer.Variable((uint)remaining);
        writer.Bytes(packet.Topic.Span);
        if (packet.Qos != 0)
        {
            writer.UInt16(packet.PacketId);
        }

        if (version == ProtocolVersion.V5)
        {
            WriteProperties(ref writer, in packet, properties);
        }

        if (small)
        {
            writer.Raw(payload);
        }

        output.Advance(writer.Written);
        if (!small)
        {
            output.Write(payload);
        }
    }

    /// <summary>
    /// The return code of MQTT 3.1.1 (section 3.2.2.3) that says a reason, or null where there is none and the
    /// connection is closed without a CONNACK.
    /// </summary>
    public static byte? ReturnCode(ReasonCode reason) => reason switch
    {
        ReasonCode.Success => 0,
        ReasonCode.UnsupportedProtocolVersion => 1,
        ReasonCode.ClientIdentifierNotValid => 2,
        ReasonCode.ServerUnavailable or ReasonCode.ServerBusy or ReasonCode.ServerShuttingDown
            or ReasonCode.QuotaExceeded or ReasonCode.ConnectionRateExceeded => 3,
        ReasonCode.BadUserNameOrPassword => 4,
        ReasonCode.NotAuthorized => 5,
        _ => null,
    };

    private static void WriteProperties(ref FieldWriter writer, in OutgoingPublish packet, int length)
    {
        writer.Variable((uint)length);
        writer.UInt32Property(PropertyId.MessageExpiryInterval, packet.MessageExpiry);
        writer.Raw(packet.Properties.Span);
        foreach (uint identifier in packet.SubscriptionIdentifiers.Span)
        {
            writer.Byte((byte)PropertyId.SubscriptionIdentifier);
            writer.Variable(identifier);
        }
    }

    private static int PublishPropertiesLength(ProtocolVersion version, in OutgoingPublish packet)
    {
        if (version == ProtocolVersion.V311)
        {
            return 0;
        }

        int length = packet.Properties.Length + (packet.MessageExpiry is null ? 0 : 1 + sizeof(uint));
        foreach (uint identifier in packet.SubscriptionIdentifiers.Span)
        {
            length += 1 + VariableByteInteger.Length(identifier);
        }

        return length;
    }

    private static int PublishRemaining(ProtocolVersion version, in OutgoingPublish packet, int properties) =>
        sizeof(ushort) + packet.Topic.Length + (packet.Qos == 0 ? 0 : sizeof(ushort))
        + (version == ProtocolVersion.V5 ? Sized(properties) : 0) + packet.Payload.Length;

    private static int ConnAckProperties(in ConnAckPacket packet) =>
        (packet.SessionExpiry is null ? 0 : 1 + sizeof(uint))
        + (packet.ReceiveMaximum is null ? 0 : 1 + sizeof(ushort))
        + (packet.RetainAvailable ? 0 : 2)
        + (packet.MaximumPacketSize is null ? 0 : 1 + sizeof(uint))
        + (packet.AssignedClientId is { } id ? FieldWriter.BytesPropertyOverhead + Encoding.UTF8.GetByteCount(id) : 0)
        + (packet.TopicAliasMaximum is null ? 0 : 1 + sizeof(ushort))
        + (packet.SharedSubscriptionAvailable ? 0 : 2)
        + (packet.ServerKeepAlive is null ? 0 : 1 + sizeof(ushort));

    private static byte FirstByte(PacketType type) => (byte)(((int)type << 4) | (type == PacketType.PubRel ? 2 : 0));

    /// <summary>Writes the fixed header into room for the whole packet.</summary>
    private static FieldWriter Start(IBufferWriter<byte> output, PacketType type, int remaining)
    {
        FieldWriter writer = new(output.GetSpan(1 + Sized(remaining)));
        writer.Byte(FirstByte(type));
        writer.Variable((uint)remaining);
        return writer;
    }

    /// <summary>Bytes of something with its length, a variable byte integer, in front.</summary>
    private static int Sized(int length) => VariableByteInteger.Length((uint)length) + length;

    /// <summary>Bytes of a packet: what stands before the properties, the properties, and this detail.</summary>
    private static int Length(int before, int properties, ReadOnlySpan<byte> detail) =>
        1 + Sized(before + Sized(properties + DetailLength(detail)));

    private static int DetailLength(ReadOnlySpan<byte> detail) =>
        detail.IsEmpty ? 0 : FieldWriter.BytesPropertyOverhead + detail.Length;

    // Stops at the last whole character that fits.
    private static ReadOnlySpan<byte> Encode(string? detail, Span<byte> buffer)
    {
        Utf8.FromUtf16(detail, buffer, out _, out int written);
        return buffer[..written];
    }

    private static void WriteOnlyDetail(ref FieldWriter writer, scoped ReadOnlySpan<byte> detail)
    {
        if (!detail.IsEmpty)
        {
            writer.Variable((uint)DetailLength(detail));
            WriteDetail(ref writer, detail);
        }
    }

    private static void WriteDetail(ref FieldWriter writer, scoped ReadOnlySpan<byte> detail)
    {
        if (!detail.IsEmpty)
        {
            writer.Byte((byte)PropertyId.ReasonString);
            writer.Bytes(detail);
        }
    }
}
