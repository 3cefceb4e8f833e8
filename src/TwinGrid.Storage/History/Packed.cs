using System.IO.Compression;

namespace TwinGrid.Storage.History;

/// <summary>
/// Bytes packed with Brotli (RFC 7932) where that makes them fewer: the length as they are, the length as they are
/// stored, then they.
/// </summary>
internal static class Packed
{
    /// <summary>No segment is larger: bytes that claim more are damaged.</summary>
    private const int Most = 1 << 28;

    /// <summary>Appends bytes.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="level">How hard to try.</param>
    public static void Write(BlockWriter writer, ReadOnlySpan<byte> bytes, CompressionLevel level)
    {
        writer.Varint((ulong)bytes.Length);
        byte[] packed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        int quality = level == CompressionLevel.Fastest ? 1 : 5;
        if (bytes.Length > 32
            && BrotliEncoder.TryCompress(bytes, packed, out int length, quality, window: 18)
            && length < bytes.Length)
        {
            writer.Varint((ulong)length);
            writer.Bytes(packed.AsSpan(0, length));
            return;
        }

        writer.Varint((ulong)bytes.Length);
        writer.Bytes(bytes);
    }

    /// <summary>Reads bytes.</summary>
    public static ReadOnlySpan<byte> Read(ref BlockReader reader)
    {
        int length = reader.Count(Most);
        ReadOnlySpan<byte> stored = reader.Bytes(reader.Length());
        if (stored.Length == length)
        {
            return stored;
        }

        byte[] bytes = new byte[length];
        return BrotliDecoder.TryDecompress(stored, bytes, out int written) && written == length
            ? bytes
            : throw BlockReader.Damaged();
    }
}
