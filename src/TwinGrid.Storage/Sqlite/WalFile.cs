using System.Buffers.Binary;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Damage in the middle of a write-ahead log.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Up to there it is as it was written, with whole transactions only.</param>
internal sealed record WalDamage(string Path, long Offset)
{
    /// <summary>What is wrong, as a sentence without its end.</summary>
    public string Problem =>
        $"the log is damaged after byte {Offset}, and transactions that were on disk follow there";

    /// <summary>What an operator does about it.</summary>
    public string Remedy =>
        $"Keep a copy of the data directory, check the disk and restore a backup. To go on with what stands before the "
        + $"damage, and without all that was acknowledged after it, cut the file there: truncate -s {Offset} {Path}";
}

/// <summary>
/// Tells a write-ahead log of SQLite that was damaged from one that merely ends in the middle of a transaction, before
/// SQLite opens it: SQLite takes both for the end of the log and goes on without a word
/// (https://sqlite.org/fileformat2, section 4). Reads only; thread-safe.
/// </summary>
/// <remarks>
/// A transaction is written when the one before it is on disk. So what lies behind a transaction that ends with a
/// commit says that this one was on disk, whatever became of it since; only the last one may be torn. Frames that a log
/// which began anew has not overwritten yet bear other salts.
/// </remarks>
internal static class WalFile
{
    private const uint Magic = 0x377f0682;
    private const int HeaderSize = 32;
    private const int FrameHeaderSize = 24;
    private const int Attempts = 5;

    /// <summary>Reads the log of a database.</summary>
    /// <param name="database">The database file; its log bears its name with <c>-wal</c>.</param>
    /// <returns>The damage; null where there is none, or no log.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static WalDamage? FindDamage(string database)
    {
        string path = database + "-wal";
        for (int attempt = 1; File.Exists(path); attempt++)
        {
            using FileStream file = new(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            byte[] header = ReadHeader(file);
            WalDamage? damage = Scan(file, header, path);

            // A silo that runs begins its log anew now and then: what was read is then of two.
            if (damage is null || attempt == Attempts || header.AsSpan().SequenceEqual(ReadHeader(file)))
            {
                return damage;
            }
        }

        return null;
    }

    private static byte[] ReadHeader(FileStream file)
    {
        byte[] header = new byte[HeaderSize];
        file.Position = 0;
        int read = file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false);
        return read == HeaderSize ? header : [];
    }

    private static WalDamage? Scan(FileStream file, byte[] header, string path)
    {
        if (header.Length == 0)
        {
            return null;
        }

        uint magic = Word(header, 0);
        uint size = Word(header, 8);
        if ((magic | 1) != (Magic | 1) || size is < 512 or > 65_536 || !uint.IsPow2(size))
        {
            // Nothing of it says how to read on: a header that never came to the disk, before the first commit.
            return null;
        }

        Checksum checksum = new(isBigEndian: (magic & 1) != 0);
        checksum.Add(header.AsSpan(0, 24));
        bool isValid = checksum.Is(header.AsSpan(24));
        byte[] frame = new byte[FrameHeaderSize + size];
        long end = HeaderSize;
        long whole = isValid ? HeaderSize : 0;
        bool hasLaterCommit = false;
        while (file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            end += frame.Length;
            bool isCommit = Word(frame, 4) != 0;
            bool isOfThisLog = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(16, 8));
            if (isValid)
            {
                checksum.Add(frame.AsSpan(0, 8));
                checksum.Add(frame.AsSpan(FrameHeaderSize));
                isValid = isOfThisLog && checksum.Is(frame.AsSpan(16));
                if (isValid)
                {
                    whole = isCommit ? end : whole;
                    continue;
                }
            }

            if (isOfThisLog && hasLaterCommit)
            {
                return new WalDamage(path, whole);
            }

            hasLaterCommit |= isOfThisLog && isCommit;
        }

        return null;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    /// <summary>The cumulative checksum of section 4.2 of the file format.</summary>
    private struct Checksum(bool isBigEndian)
    {
        private uint _first;
        private uint _second;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            for (; bytes.Length >= 8; bytes = bytes[8..])
            {
                _first += Read(bytes) + _second;
                _second += Read(bytes[4..]) + _first;
            }
        }

        public readonly bool Is(ReadOnlySpan<byte> stored) =>
            Word(stored, 0) == _first && Word(stored, 4) == _second;

        private readonly uint Read(ReadOnlySpan<byte> bytes) => isBigEndian
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
