using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace TwinGrid.Storage.Log;

/// <summary>
/// CRC32C (Castagnoli; RFC 3720 section 12.1, test vectors in its appendix B.4) over parts that are added one by one.
/// Finds damage; it is no protection against a forger. Mutable: pass it by reference.
/// </summary>
internal struct Crc32C
{
    private uint _register;

    /// <summary>Begins with nothing added.</summary>
    public Crc32C()
    {
        _register = uint.MaxValue;
    }

    /// <summary>The checksum of what was added so far.</summary>
    public readonly uint Value => ~_register;

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        uint register = _register;
        while (bytes.Length >= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte next in bytes)
        {
            register = BitOperations.Crc32C(register, next);
        }

        _register = register;
    }

    /// <summary>Adds one byte.</summary>
    public void Add(byte value) => _register = BitOperations.Crc32C(_register, value);

    /// <summary>Adds a number as 8 bytes, little endian.</summary>
    public void Add(long value) => _register = BitOperations.Crc32C(_register, (ulong)value);

    /// <summary>Adds a segment of a twin's id, which is ASCII, and the slash after it.</summary>
    public void AddSegment(string segment)
    {
        Span<byte> ascii = stackalloc byte[TwinId.MaxSegmentLength + 1];
        int length = Encoding.ASCII.GetBytes(segment, ascii);
        ascii[length] = (byte)'/';
        Add(ascii[..(length + 1)]);
    }

    /// <summary>Adds text of any length as UTF-8, behind its length in bytes.</summary>
    public void AddText(string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> utf8 = most <= 512 ? stackalloc byte[512] : new byte[most];
        int length = Encoding.UTF8.GetBytes(text, utf8);
        Add((long)length);
        Add(utf8[..length]);
    }
}
