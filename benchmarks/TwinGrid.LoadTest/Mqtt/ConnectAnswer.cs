using System.Buffers.Binary;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>A CONNACK (OASIS MQTT 3.1.1 and 5, section 3.2).</summary>
/// <param name="Code">0 when the connection was accepted.</param>
/// <param name="SessionPresent">True when the server has a session of this client.</param>
/// <param name="ReceiveMaximum">So many QoS 1 messages may be unacknowledged; 65,535 where it does not say.</param>
internal readonly record struct ConnectAnswer(byte Code, bool SessionPresent, int ReceiveMaximum)
{
    private const byte ReceiveMaximumProperty = 0x21;

    /// <summary>Reads it.</summary>
    /// <exception cref="InvalidDataException">It is another packet, or malformed.</exception>
    public static ConnectAnswer Read(Packet packet)
    {
        if (packet.First != 0x20 || packet.Body.Length < 2)
        {
            throw new InvalidDataException($"The server answered CONNECT with a packet of type 0x{packet.First:X2}");
        }

        // MQTT 5 has properties behind the code, after their length, whose last byte has no upper bit.
        int receiveMaximum = ushort.MaxValue;
        ReadOnlySpan<byte> properties = packet.Body[2..];
        properties = properties[(properties.IndexOfAnyInRange((byte)0, (byte)0x7F) + 1)..];
        while (!properties.IsEmpty)
        {
            if (properties[0] == ReceiveMaximumProperty)
            {
                receiveMaximum = BinaryPrimitives.ReadUInt16BigEndian(properties[1..]);
            }

            properties = properties[(1 + ValueLength(properties[0], properties[1..]))..];
        }

        return new ConnectAnswer(packet.Body[1], (packet.Body[0] & 1) != 0, receiveMaximum);
    }

    // MQTT 5 section 2.2.2.2, those of a CONNACK.
    private static int ValueLength(byte property, ReadOnlySpan<byte> value) => property switch
    {
        0x24 or 0x25 or 0x28 or 0x29 or 0x2A => 1,
        0x13 or ReceiveMaximumProperty or 0x22 => 2,
        0x11 or 0x27 => 4,
        0x12 or 0x15 or 0x16 or 0x1A or 0x1C or 0x1F => 2 + BinaryPrimitives.ReadUInt16BigEndian(value),
        0x26 => Pair(value),
        _ => throw new InvalidDataException($"The server's CONNACK has the unknown property 0x{property:X2}"),
    };

    private static int Pair(ReadOnlySpan<byte> value)
    {
        int name = 2 + BinaryPrimitives.ReadUInt16BigEndian(value);
        return name + 2 + BinaryPrimitives.ReadUInt16BigEndian(value[name..]);
    }
}
