using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// How far the log went when it was last written, in a small file beside the database that no backup takes along. It is
/// written after commits and never before, so a database that is behind it was put there: an older backup.
/// </summary>
/// <remarks>
/// <code>
/// file := version:u8 crc32c:u32 incarnation:i64 turn row:i64
/// </code>
/// Not synced: what a power failure takes from it makes it older, and the database may be ahead of it. Written at most
/// once a second. Belongs to one thread.
/// </remarks>
internal sealed class LastWritten : IDisposable
{
    private const byte Version = 1;
    private const int Size = 1 + sizeof(uint) + sizeof(long) + sizeof(long);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private readonly long _row;
    private long _incarnation;
    private long? _noted;

    /// <summary>Opens the file of a database and reads it.</summary>
    public LastWritten(string database, TimeProvider clock)
    {
        _clock = clock;
        _file = new FileStream(
            Path.ChangeExtension(database, ".last"),
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0);
        Span<byte> content = stackalloc byte[Size];
        if (RandomAccess.Read(_file.SafeFileHandle, content, 0) == Size
            && content[0] == Version
            && BinaryPrimitives.ReadUInt32LittleEndian(content[1..]) == Checksum(content))
        {
            Incarnation = BinaryPrimitives.ReadInt64LittleEndian(content[5..]);
            _row = BinaryPrimitives.ReadInt64LittleEndian(content[13..]);
        }
    }

    /// <summary>The last incarnation that wrote; 0 where the file says nothing.</summary>
    public long Incarnation { get; }

    /// <summary>True where the database is older. Asked before a new incarnation is opened.</summary>
    public bool IsAhead(SqliteConnection connection) =>
        Incarnation > Read(connection, "SELECT max(incarnation) FROM silo_incarnation")
        || _row > NewestRow(connection);

    /// <summary>From now on a new incarnation writes.</summary>
    public void Open(long incarnation)
    {
        _incarnation = incarnation;
        Write(0);
    }

    /// <summary>Turns were committed.</summary>
    public void Note(SqliteConnection connection)
    {
        if (_noted is { } noted && _clock.GetElapsedTime(noted) < Interval)
        {
            return;
        }

        Write(NewestRow(connection));
        _noted = _clock.GetTimestamp();
    }

    /// <summary>The newest turn may go.</summary>
    public void Forget()
    {
        Write(0);
        _noted = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(long row)
    {
        Span<byte> content = stackalloc byte[Size];
        content[0] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(content[5..], _incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(content[13..], row);
        BinaryPrimitives.WriteUInt32LittleEndian(content[1..], Checksum(content));
        RandomAccess.Write(_file.SafeFileHandle, content, 0);
    }

    private static uint Checksum(ReadOnlySpan<byte> content)
    {
        Crc32C crc = new();
        crc.Add(content[0]);
        crc.Add(content[5..]);
        return crc.Value;
    }

    private static long NewestRow(SqliteConnection connection) => Read(connection, "SELECT max(turn_id) FROM turn");

    private static long Read(SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = new(connection, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
