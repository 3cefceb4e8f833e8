using System.Text;

namespace TwinGrid.Tests.Conformance;

/// <summary>
/// Packets of a client, written after the standards and without our own codec, which is what is tested here.
/// </summary>
internal static class PacketBytes
{
    public static readonly byte[] PingReq = [0xC0, 0];

    /// <summary>A variable byte integer (section 1.5.5).</summary>
    public static byte[] Length(int value)
    {
        List<byte> bytes = [];
        do
        {
            bytes.Add((byte)((value & 0x7F) | (value > 0x7F ? 0x80 : 0)));
            value >>= 7;
        }
        while (value > 0);
        return [.. bytes];
    }

    public static byte[] Number(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Text(string text) => Data(Encoding.UTF8.GetBytes(text));

    public static byte[] Data(byte[] data) => [.. Number(data.Length), .. data];

    public static byte[] Packet(int first, params byte[][] parts)
    {
        byte[] body = [.. parts.SelectMany(part => part)];
        return [(byte)first, .. Length(body.Length), .. body];
    }

    public static byte[] Properties(int level, PropertyList? properties) =>
        level == 5 ? (properties ?? new()).ToBytes() : [];

    public static byte[] Publish(
        int level,
        string topic,
        string payload,
        int qos = 0,
        ushort id = 0,
        bool retain = false,
        bool dup = false,
        PropertyList? properties = null) => Packet(
            0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
            Text(topic),
            qos > 0 ? Number(id) : [],
            Properties(level, properties),
            Encoding.UTF8.GetBytes(payload));

    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP.</summary>
    public static byte[] Answer(PacketKind kind, ushort id, byte? reason = null) => Packet(
        ((int)kind << 4) | (kind == PacketKind.PubRel ? 2 : 0),
        Number(id),
        reason is { } code ? [code] : []);

    public static byte[] Subscribe(
        int level, ushort id, IEnumerable<(string Filter, int Options)> filters, PropertyList? properties = null) =>
        Packet(
            0x82,
            Number(id),
            Properties(level, properties),
            [.. filters.SelectMany(it => (byte[])[.. Text(it.Filter), (byte)it.Options])]);

    public static byte[] Unsubscribe(int level, ushort id, params string[] filters) =>
        Packet(0xA2, Number(id), Properties(level, null), [.. filters.SelectMany(Text)]);

    public static byte[] Disconnect(int level, byte reason = 0, PropertyList? properties = null) =>
        reason == 0 && properties is null
            ? [0xE0, 0]
            : Packet(0xE0, [reason], Properties(level, properties));
}

/// <summary>What a CONNECT says (section 3.1).</summary>
internal sealed record Connect
{
    public string ClientId { get; init; } = "";

    public bool CleanStart { get; init; } = true;

    public int KeepAlive { get; init; } = 60;

    public PropertyList? Properties { get; init; }

    public Will? Will { get; init; }

    public string? UserName { get; init; }

    public string? Password { get; init; }

    public string ProtocolName { get; init; } = "MQTT";

    /// <summary>The level in the packet; null for that of the connection.</summary>
    public byte? Level { get; init; }

    /// <summary>Flags to set besides those that follow from the rest.</summary>
    public int MoreFlags { get; init; }

    public byte[] ToBytes(int level)
    {
        int flags = MoreFlags
            | (CleanStart ? 0x02 : 0)
            | (Will is { } it ? 0x04 | (it.Qos << 3) | (it.Retain ? 0x20 : 0) : 0)
            | (Password is null ? 0 : 0x40)
            | (UserName is null ? 0 : 0x80);
        return PacketBytes.Packet(
            0x10,
            PacketBytes.Text(ProtocolName),
            [Level ?? (byte)level, (byte)flags],
            PacketBytes.Number(KeepAlive),
            PacketBytes.Properties(level, Properties),
            PacketBytes.Text(ClientId),
            Will?.ToBytes(level) ?? [],
            UserName is null ? [] : PacketBytes.Text(UserName),
            Password is null ? [] : PacketBytes.Text(Password));
    }
}

/// <summary>The will of a CONNECT.</summary>
internal sealed record Will(string Topic, string Payload)
{
    public int Qos { get; init; }

    public bool Retain { get; init; }

    public PropertyList? Properties { get; init; }

    public byte[] ToBytes(int level) =>
    [
        .. PacketBytes.Properties(level, Properties),
        .. PacketBytes.Text(Topic),
        .. PacketBytes.Text(Payload),
    ];
}
