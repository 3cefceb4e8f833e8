using System.Buffers.Binary;

namespace TwinGrid.Storage.Log;

/// <summary>
/// A small file that no backup of a database takes along, written over and over: a version, a CRC32C, numbers.
/// </summary>
/// <remarks>
/// Not synced: what a power failure takes from it makes it older, and what is noted stays true. One that is torn, or is
/// that of two who wrote at once, says nothing. Belongs to one thread at a time.
/// </remarks>
internal sealed class NoteFile : IDisposable
{
    private const byte Version = 1;
    private const int Header = 1 + sizeof(uint);

    private readonly FileStream _file;
    private readonly byte[] _bytes;

    /// <summary>Opens the file, makes it where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="numbers">How many numbers it holds.</param>
    public NoteFile(string path, int numbers)
    {
        _bytes = new byte[Header + (numbers * sizeof(long))];
        _file = new FileStream(
            path,
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0);
    }

    /// <summary>What was noted; null where that cannot be told.</summary>
    public long[]? Read() => Read(_file, _bytes.Length);

    /// <summary>What a file notes that is left as it is; null where that cannot be told.</summary>
    /// <param name="path">The file.</param>
    /// <param name="numbers">How many numbers it holds.</param>
    public static long[]? Read(string path, int numbers)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Read(file, Header + (numbers * sizeof(long)));
    }

    private static long[]? Read(FileStream file, int length)
    {
        byte[] bytes = new byte[length];
        if (RandomAccess.Read(file.SafeFileHandle, bytes, 0) != bytes.Length
            || bytes[0] != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(1)) != Checksum(bytes))
        {
            return null;
        }

        long[] numbers = new long[(bytes.Length - Header) / sizeof(long)];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(Header + (i * sizeof(long))));
        }

        return numbers;
    }

    /// <summary>Notes numbers in the place of those before.</summary>
    public void Write(params ReadOnlySpan<long> numbers)
    {
        _bytes[0] = Version;
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(Header + (i * sizeof(long))), numbers[i]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(1), Checksum(_bytes));
        RandomAccess.Write(_file.SafeFileHandle, _bytes, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        Crc32C crc = new();
        crc.Add(bytes[0]);
        crc.Add(bytes[Header..]);
        return crc.Value;
    }
}
