namespace TwinGrid.LoadTest.Mqtt;

/// <summary>A packet that came: its first byte, and its body, valid until the next read.</summary>
internal readonly ref struct Packet(byte first, ReadOnlySpan<byte> body)
{
    /// <summary>Type in the upper four bits, flags in the lower.</summary>
    public byte First { get; } = first;

    /// <summary>What follows the fixed header.</summary>
    public ReadOnlySpan<byte> Body { get; } = body;
}

/// <summary>
/// Cuts a stream of bytes into packets (OASIS MQTT 3.1.1, section 2.2). Not thread-safe.
/// </summary>
internal sealed class PacketReader(int capacity = 16 * 1024)
{
    private byte[] _bytes = new byte[capacity];
    private int _start;
    private int _end;

    /// <summary>The room for the next bytes of the socket.</summary>
    public Memory<byte> Room()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            _end -= _start;
            _start = 0;
        }

        if (_end == _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        return _bytes.AsMemory(_end);
    }

    /// <summary>Takes over bytes that were read into <see cref="Room"/>.</summary>
    public void Received(int count) => _end += count;

    /// <summary>The next whole packet; false when more bytes are needed.</summary>
    public bool TryRead(out Packet packet)
    {
        packet = default;
        int length = 0;
        int at = _start + 1;
        for (int shift = 0; ; shift += 7)
        {
            if (at >= _end)
            {
                return false;
            }

            byte digit = _bytes[at++];
            length |= (digit & 0x7F) << shift;
            if ((digit & 0x80) == 0)
            {
                break;
            }

            if (shift == 21)
            {
                throw new InvalidDataException("The server sent a packet whose length has more than four bytes");
            }
        }

        if (_end - at < length)
        {
            return false;
        }

        packet = new Packet(_bytes[_start], _bytes.AsSpan(at, length));
        _start = at + length;
        return true;
    }
}
