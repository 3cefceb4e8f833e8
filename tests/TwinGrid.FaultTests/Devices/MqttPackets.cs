using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.FaultTests.Devices;

/// <summary>The packets of MQTT 3.1.1 and 5 that a device needs (OASIS, section 3 of both).</summary>
internal static class MqttPackets
{
    /// <summary>The upper four bits of a packet's first byte.</summary>
    public const byte Connack = 2, Publish = 3, Puback = 4, Suback = 9, PingResponse = 13, Disconnect = 14;

    private const uint SessionSeconds = 3_600;

    /// <summary>A CONNECT whose session stays.</summary>
    public static byte[] Connect(string client, int version, int keepAliveSeconds)
    {
        using MemoryStream body = new();
        Text(body, "MQTT");
        body.WriteByte((byte)version);
        body.WriteByte(0);
        Short(body, keepAliveSeconds);
        if (version == 5)
        {
            Span<byte> expiry = stackalloc byte[6];
            expiry[0] = 5;
            expiry[1] = 0x11;
            BinaryPrimitives.WriteUInt32BigEndian(expiry[2..], SessionSeconds);
            body.Write(expiry);
        }

        Text(body, client);
        return Packet(0x10, body);
    }

    /// <summary>A PUBLISH with QoS 1.</summary>
    public static byte[] PublishOnce(string topic, ReadOnlySpan<byte> payload, int id, int version, bool duplicate)
    {
        using MemoryStream body = new();
        Text(body, topic);
        Short(body, id);
        if (version == 5)
        {
            body.WriteByte(0);
        }

        body.Write(payload);
        return Packet((byte)(0x32 | (duplicate ? 8 : 0)), body);
    }

    /// <summary>A SUBSCRIBE to one filter with QoS 1.</summary>
    public static byte[] Subscribe(string filter, int id, int version)
    {
        using MemoryStream body = new();
        Short(body, id);
        if (version == 5)
        {
            body.WriteByte(0);
        }

        Text(body, filter);
        body.WriteByte(1);
        return Packet(0x82, body);
    }

    /// <summary>A PUBACK that says that all is well.</summary>
    public static byte[] Acknowledge(int id) => [0x40, 2, (byte)(id >> 8), (byte)id];

    /// <summary>A PINGREQ.</summary>
    public static byte[] Ping() => [0xC0, 0];

    /// <summary>Skips the properties of a packet of MQTT 5.</summary>
    public static ReadOnlySpan<byte> SkipProperties(ReadOnlySpan<byte> body, int version)
    {
        if (version != 5)
        {
            return body;
        }

        int length = 0;
        int at = 0;
        do
        {
            length |= (body[at] & 0x7F) << (7 * at);
        }
        while ((body[at++] & 0x80) != 0);
        return body[(at + length)..];
    }

    private static byte[] Packet(byte first, MemoryStream body)
    {
        using MemoryStream packet = new();
        packet.WriteByte(first);
        long length = body.Length;
        do
        {
            packet.WriteByte((byte)((length & 0x7F) + (length > 0x7F ? 0x80 : 0)));
            length >>= 7;
        }
        while (length > 0);
        body.WriteTo(packet);
        return packet.ToArray();
    }

    private static void Text(MemoryStream to, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Short(to, utf8.Length);
        to.Write(utf8);
    }

    private static void Short(MemoryStream to, int value)
    {
        to.WriteByte((byte)(value >> 8));
        to.WriteByte((byte)value);
    }
}
