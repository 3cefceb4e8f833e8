using System.Text;

namespace TwinGrid.Tests.Conformance;

/// <summary>Control packet types (table 2-1).</summary>
internal enum PacketKind
{
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    SubAck = 9,
    Unsubscribe = 10,
    UnsubAck = 11,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,
    Auth = 15,
}

/// <summary>A packet from a server, checked for its form when it is read. Immutable.</summary>
/// <param name="Kind">Its type.</param>
/// <param name="Size">Bytes of the whole packet.</param>
internal abstract record RawPacket(PacketKind Kind, int Size)
{
    /// <summary>Reads a packet, and fails where the standard forbids its form.</summary>
    public static RawPacket Read(int level, byte first, ReadOnlySpan<byte> body, int size)
    {
        PacketKind kind = (PacketKind)(first >> 4);
        int flags = first & 0x0F;
        ByteReader reader = new(body);
        RawPacket packet = kind == PacketKind.Publish
            ? Publish.Read(ref reader, level, flags, size)
            : Other(ref reader, level, kind, size);
        int expected = kind == PacketKind.PubRel ? 2 : 0;
        Assert.True(kind == PacketKind.Publish || flags == expected, $"{kind} has flags {flags:X} [MQTT-2.1.3-1]");
        Assert.True(reader.IsAtEnd, $"{kind} is longer than what it carries");
        ReasonTable.AssertAllowed(level, packet);
        return packet;
    }

    private static RawPacket Other(ref ByteReader reader, int level, PacketKind kind, int size)
    {
        switch (kind)
        {
            case PacketKind.ConnAck:
                byte flags = reader.Byte();
                Assert.True(flags <= 1, "CONNACK's reserved bits are 0 [MQTT-3.2.2-1]");
                return new ConnAck(size, flags == 1, reader.Byte(), ReadProperties(ref reader, level, kind));
            case PacketKind.PubAck or PacketKind.PubRec or PacketKind.PubRel or PacketKind.PubComp:
                ushort id = reader.Number();
                byte reason = reader.IsAtEnd ? (byte)0 : reader.Byte();
                return new Answer(kind, size, id, reason, MoreProperties(ref reader, level, kind));
            case PacketKind.SubAck or PacketKind.UnsubAck:
                ushort which = reader.Number();
                PropertyList properties = ReadProperties(ref reader, level, kind);
                return new SubAck(kind, size, which, reader.ToEnd().ToArray(), properties);
            case PacketKind.PingResp:
                return new PingResp(size);
            case PacketKind.Disconnect:
                Assert.True(level == 5, "a server of MQTT 3.1.1 sends no DISCONNECT");
                byte why = reader.IsAtEnd ? (byte)0 : reader.Byte();
                return new Disconnect(size, why, MoreProperties(ref reader, level, kind));
            default:
                Assert.Fail($"a server sends no {kind} here");
                throw new InvalidDataException();
        }
    }

    private static PropertyList MoreProperties(ref ByteReader reader, int level, PacketKind kind) =>
        reader.IsAtEnd ? new() : ReadProperties(ref reader, level, kind);

    protected static PropertyList ReadProperties(ref ByteReader reader, int level, PacketKind kind) =>
        level == 5 ? PropertyList.Read(ref reader, kind) : new();
}

internal sealed record ConnAck(int Size, bool SessionPresent, byte Code, PropertyList Properties)
    : RawPacket(PacketKind.ConnAck, Size);

internal sealed record Publish(
    int Size,
    string Topic,
    byte[] Data,
    int Qos,
    ushort Id,
    bool Dup,
    bool Retain,
    PropertyList Properties) : RawPacket(PacketKind.Publish, Size)
{
    public string Payload => Encoding.UTF8.GetString(Data);

    public static Publish Read(ref ByteReader reader, int level, int flags, int size)
    {
        string topic = reader.Text();
        int qos = (flags >> 1) & 3;
        Assert.True(qos < 3, "a server sends no QoS 3 [MQTT-3.3.1-4]");
        bool dup = (flags & 8) != 0;
        Assert.False(qos == 0 && dup, "DUP is 0 with QoS 0 [MQTT-3.3.1-2]");
        ushort id = qos > 0 ? reader.Number() : (ushort)0;
        Assert.False(qos > 0 && id == 0, "a packet identifier is not 0 [MQTT-2.2.1-4]");
        PropertyList properties = ReadProperties(ref reader, level, PacketKind.Publish);
        Assert.DoesNotContain('+', topic);
        Assert.DoesNotContain('#', topic);
        return new Publish(size, topic, reader.ToEnd().ToArray(), qos, id, dup, (flags & 1) != 0, properties);
    }
}

/// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP.</summary>
internal sealed record Answer(PacketKind Kind, int Size, ushort Id, byte Reason, PropertyList Properties)
    : RawPacket(Kind, Size);

/// <summary>SUBACK or UNSUBACK.</summary>
internal sealed record SubAck(PacketKind Kind, int Size, ushort Id, byte[] Codes, PropertyList Properties)
    : RawPacket(Kind, Size);

internal sealed record PingResp(int Size) : RawPacket(PacketKind.PingResp, Size);

internal sealed record Disconnect(int Size, byte Reason, PropertyList Properties)
    : RawPacket(PacketKind.Disconnect, Size);
