namespace TwinGrid.Storage.History;

/// <summary>
/// A binary range coder (G. N. N. Martin, "Range encoding", 1979, with the carry of LZMA's specification): a bit of
/// probability p takes about -log2 p bits. Bits that cannot be foreseen go beside it, as they are.
/// </summary>
internal sealed class BitEncoder
{
    private const uint Top = 1u << 24;

    private readonly List<byte> _coded = [];
    private readonly List<byte> _plain = [];
    private ulong _low;
    private uint _range = uint.MaxValue;
    private byte _cache;
    private int _pending = 1;
    private ulong _bits;
    private int _bitCount;

    /// <summary>Codes a bit and learns it.</summary>
    public void Write(ref AdaptiveBit model, int bit)
    {
        uint bound = (_range >> AdaptiveBit.Precision) * model.Zero;
        if (bit == 0)
        {
            _range = bound;
        }
        else
        {
            _low += bound;
            _range -= bound;
        }

        model.Learn(bit);
        while (_range < Top)
        {
            _range <<= 8;
            ShiftLow();
        }
    }

    /// <summary>Appends up to 63 bits as they are.</summary>
    public void WritePlain(ulong bits, int count)
    {
        while (count > 0)
        {
            int taken = Math.Min(count, 8 - _bitCount);
            _bits |= ((bits >> (count - taken)) & ((1UL << taken) - 1)) << (8 - _bitCount - taken);
            _bitCount += taken;
            count -= taken;
            if (_bitCount == 8)
            {
                _plain.Add((byte)_bits);
                (_bits, _bitCount) = (0, 0);
            }
        }
    }

    /// <summary>Ends the code: the length of the coded bits, they, then the plain bits to the end.</summary>
    public void Finish(BlockWriter writer)
    {
        for (int i = 0; i < 5; i++)
        {
            ShiftLow();
        }

        if (_bitCount > 0)
        {
            _plain.Add((byte)_bits);
        }

        // The first byte is always 0, and a reader takes what lies beyond the end for zeros.
        int length = _coded.Count;
        while (length > 1 && _coded[length - 1] == 0)
        {
            length--;
        }

        writer.Varint((ulong)(length - 1));
        writer.Bytes(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_coded)[1..length]);
        writer.Varint((ulong)_plain.Count);
        writer.Bytes(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_plain));
    }

    private void ShiftLow()
    {
        if ((uint)_low < 0xFF000000u || _low >> 32 != 0)
        {
            byte carry = (byte)(_low >> 32);
            byte next = _cache;
            do
            {
                _coded.Add((byte)(next + carry));
                next = 0xFF;
            }
            while (--_pending != 0);

            _cache = (byte)(_low >> 24);
        }

        _pending++;
        _low = (_low & 0x00FFFFFF) << 8;
    }
}

/// <summary>Reads what <see cref="BitEncoder"/> wrote.</summary>
internal ref struct BitDecoder
{
    private const uint Top = 1u << 24;

    private readonly ReadOnlySpan<byte> _coded;
    private readonly ReadOnlySpan<byte> _plain;
    private int _next;
    private uint _range = uint.MaxValue;
    private uint _code;
    private int _bit;

    public BitDecoder(ref BlockReader reader)
    {
        _coded = reader.Bytes(reader.Length());
        _plain = reader.Bytes(reader.Length());
        for (int i = 0; i < 4; i++)
        {
            _code = (_code << 8) | NextByte();
        }
    }

    /// <summary>Reads a coded bit and learns it.</summary>
    public int Read(ref AdaptiveBit model)
    {
        uint bound = (_range >> AdaptiveBit.Precision) * model.Zero;
        int bit = 0;
        if (_code < bound)
        {
            _range = bound;
        }
        else
        {
            _code -= bound;
            _range -= bound;
            bit = 1;
        }

        model.Learn(bit);
        while (_range < Top)
        {
            _range <<= 8;
            _code = (_code << 8) | NextByte();
        }

        return bit;
    }

    /// <summary>Reads up to 63 bits that stand as they are.</summary>
    public ulong ReadPlain(int count)
    {
        if (_bit + count > _plain.Length * 8)
        {
            throw BlockReader.Damaged();
        }

        ulong bits = 0;
        while (count > 0)
        {
            int taken = Math.Min(count, 8 - (_bit & 7));
            int shift = 8 - (_bit & 7) - taken;
            bits = (bits << taken) | (((ulong)_plain[_bit >> 3] >> shift) & ((1UL << taken) - 1));
            _bit += taken;
            count -= taken;
        }

        return bits;
    }

    private byte NextByte() => _next < _coded.Length ? _coded[_next++] : (byte)0;
}
