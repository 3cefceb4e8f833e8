using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// Bytes on their way to a socket, and the few packets that a load needs, written into them (OASIS MQTT 3.1.1 and 5,
/// sections 2.1, 3.1, 3.8, 3.12, 3.14). Not thread-safe.
/// </summary>
internal sealed class PacketBuffer(int capacity = 16 * 1024)
{
    private byte[] _bytes = new byte[capacity];
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

    /// <summary>Adds bytes as they are.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>CONNECT.</summary>
    /// <param name="session">How to connect.</param>
    public void Connect(ConnectSettings session)
    {
        bool is5 = session.Version == 5;
        byte[] id = Encoding.UTF8.GetBytes(session.ClientId);

        // MQTT 5 has no clean session: a clean start, and a session that outlives its connection by its expiry.
        byte[] properties = !is5 ? [] : session.Clean ? [0] : [5, 0x11, 0, 0, 0x0E, 0x10];
        ReadOnlySpan<byte> head =
        [
            0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', (byte)(is5 ? 5 : 4), (byte)(session.Clean ? 2 : 0),
            (byte)(session.KeepAliveSeconds >> 8), (byte)session.KeepAliveSeconds,
        ];
        Span<byte> body = Packet(0x10, head.Length + properties.Length + 2 + id.Length);
        head.CopyTo(body);
        properties.CopyTo(body[head.Length..]);
        body = body[(head.Length + properties.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)id.Length);
        id.CopyTo(body[2..]);
    }

    /// <summary>SUBSCRIBE to one filter with QoS 1 and packet id 1.</summary>
    public void Subscribe(string filter, int version)
    {
        byte[] text = Encoding.UTF8.GetBytes(filter);
        int properties = version == 5 ? 1 : 0;
        Span<byte> body = Packet(0x82, 2 + properties + 2 + text.Length + 1);
        body.Clear();
        body[1] = 1;
        body = body[(2 + properties)..];
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)text.Length);
        text.CopyTo(body[2..]);
        body[^1] = 1;
    }

    /// <summary>PINGREQ.</summary>
    public void Ping() => Packet(0xC0, 0);

    /// <summary>DISCONNECT.</summary>
    public void Disconnect() => Packet(0xE0, 0);

    /// <summary>Writes a length in MQTT's variable form.</summary>
    /// <returns>How many bytes it took.</returns>
    public static int WriteLength(Span<byte> to, int length)
    {
        int at = 0;
        do
        {
            int digit = length & 0x7F;
            length >>= 7;
            to[at++] = (byte)(length > 0 ? digit | 0x80 : digit);
        }
        while (length > 0);
        return at;
    }

    // Writes the fixed header and gives the room for what follows it.
    private Span<byte> Packet(byte first, int length)
    {
        Span<byte> header = stackalloc byte[5];
        header[0] = first;
        Append(header[..(1 + WriteLength(header[1..], length))]);
        return Room(length);
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _end < count)
        {
            MakeRoom(count);
        }

        _end += count;
        return _bytes.AsSpan(_end - count, count);
    }

    private void MakeRoom(int count)
    {
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
