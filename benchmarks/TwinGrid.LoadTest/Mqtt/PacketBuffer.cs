using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// Bytes on their way to a socket, and the few packets of MQTT 3.1.1 that a load needs, written into them
/// (OASIS MQTT 3.1.1, sections 2.2, 3.1, 3.3, 3.12). Not thread-safe.
/// </summary>
internal sealed class PacketBuffer
{
    private const int MaxLengthBytes = 4;

    private byte[] _bytes = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>What waits to be sent.</summary>
    public ReadOnlyMemory<byte> Pending => _bytes.AsMemory(_start, _end - _start);

    /// <summary>Takes away what was sent.</summary>
    public void Sent(int count)
    {
        _start += count;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>CONNECT with a clean session and no keep-alive.</summary>
    public void Connect(string clientId)
    {
        byte[] id = Encoding.UTF8.GetBytes(clientId);
        ReadOnlySpan<byte> head = [0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 0b0000_0010, 0, 0];
        Span<byte> body = Packet(0x10, head.Length + 2 + id.Length);
        head.CopyTo(body);
        BinaryPrimitives.WriteUInt16BigEndian(body[head.Length..], (ushort)id.Length);
        id.CopyTo(body[(head.Length + 2)..]);
    }

    /// <summary>PUBLISH; with a packet id it has QoS 1, without (0) QoS 0.</summary>
    public void Publish(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ushort packetId)
    {
        int idLength = packetId == 0 ? 0 : 2;
        Span<byte> body = Packet((byte)(packetId == 0 ? 0x30 : 0x32), 2 + topic.Length + idLength + payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)topic.Length);
        topic.CopyTo(body[2..]);
        body = body[(2 + topic.Length)..];
        if (packetId != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body, packetId);
        }

        payload.CopyTo(body[idLength..]);
    }

    /// <summary>PINGREQ.</summary>
    public void Ping() => Packet(0xC0, 0);

    /// <summary>DISCONNECT.</summary>
    public void Disconnect() => Packet(0xE0, 0);

    // Writes the fixed header and gives the room for what follows it.
    private Span<byte> Packet(byte first, int length)
    {
        Reserve(1 + MaxLengthBytes + length);
        _bytes[_end++] = first;
        int rest = length;
        do
        {
            int digit = rest & 0x7F;
            rest >>= 7;
            _bytes[_end++] = (byte)(rest > 0 ? digit | 0x80 : digit);
        }
        while (rest > 0);
        Span<byte> body = _bytes.AsSpan(_end, length);
        _end += length;
        return body;
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - _end >= count)
        {
            return;
        }

        int pending = _end - _start;
        byte[] larger = pending + count > _bytes.Length / 2
            ? new byte[Math.Max(_bytes.Length * 2, pending + count)]
            : _bytes;
        _bytes.AsSpan(_start, pending).CopyTo(larger);
        _bytes = larger;
        _start = 0;
        _end = pending;
    }
}
