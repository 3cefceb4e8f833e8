using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// How far the log went when it was last written, in a <see cref="NoteFile"/> beside the database: the incarnation and
/// the row of its newest turn. It is written after commits and never before, so a database that is behind it was put
/// there: an older backup. Written at most once a second. Belongs to one thread.
/// </summary>
internal sealed class LastWritten : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly NoteFile _file;
    private readonly TimeProvider _clock;
    private readonly long _row;
    private long _incarnation;
    private long? _noted;

    /// <summary>Opens the file of a database and reads it.</summary>
    public LastWritten(string database, TimeProvider clock)
    {
        _clock = clock;
        _file = new NoteFile(Path.ChangeExtension(database, ".last"), numbers: 2);
        if (_file.Read() is [var incarnation, var row])
        {
            (Incarnation, _row) = (incarnation, row);
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
        _file.Write(incarnation, 0);
    }

    /// <summary>Turns were committed.</summary>
    public void Note(SqliteConnection connection)
    {
        if (_noted is { } noted && _clock.GetElapsedTime(noted) < Interval)
        {
            return;
        }

        _file.Write(_incarnation, NewestRow(connection));
        _noted = _clock.GetTimestamp();
    }

    /// <summary>The newest turn may go.</summary>
    public void Forget()
    {
        _file.Write(_incarnation, 0);
        _noted = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static long NewestRow(SqliteConnection connection) => Read(connection, "SELECT max(turn_id) FROM turn");

    private static long Read(SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = new(connection, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
