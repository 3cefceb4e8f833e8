using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// How far the log went when it was last written, in a <see cref="NoteFile"/> beside the database: the incarnation and
/// the row of its newest turn. It is written after commits and never before, so a database that is behind it was put
/// there, an older backup, or lost its newest commits with its log file. Written at most once a second, and within a
/// second of the last commit. Belongs to one thread.
/// </summary>
internal sealed class LastWritten : IDisposable
{
    /// <summary>So long after a commit it is noted at the latest.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly NoteFile? _file;
    private readonly TimeProvider _clock;
    private readonly Action<string> _notNoted;
    private readonly Note _before;
    private long _incarnation;
    private long? _noted;
    private bool _isBehind;
    private bool _told;

    /// <summary>Opens the file of a database and reads it.</summary>
    /// <param name="database">The database file.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="notNoted">Is told why, once, where nothing can be noted: the store works without.</param>
    public LastWritten(string database, TimeProvider clock, Action<string> notNoted)
    {
        _clock = clock;
        _notNoted = notNoted;
        try
        {
            _file = new NoteFile(PathOf(database), numbers: 2);
            _before = Note.Of(_file.Read());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e);
        }
    }

    /// <summary>The last incarnation that wrote; 0 where the file says nothing.</summary>
    public long Incarnation => _before.Incarnation;

    /// <summary>What is noted beside a database, read and left as it is; nothing where there is no file.</summary>
    public static Note Read(string database)
    {
        try
        {
            return Note.Of(NoteFile.Read(PathOf(database), numbers: 2));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is a help and no part of what is kept.
            return default;
        }
    }

    /// <summary>True where the database is older. Asked before a new incarnation is opened.</summary>
    public bool IsAhead(SqliteConnection connection) => _before.IsAheadOf(connection);

    /// <summary>From now on a new incarnation writes.</summary>
    public void Open(long incarnation)
    {
        _incarnation = incarnation;
        Write(0);
    }

    /// <summary>Turns were committed.</summary>
    public void Committed(SqliteConnection connection)
    {
        _isBehind = true;
        if (_noted is not { } noted || _clock.GetElapsedTime(noted) >= Interval)
        {
            CatchUp(connection);
        }
    }

    /// <summary>Notes what was committed since it was last noted.</summary>
    public void CatchUp(SqliteConnection connection)
    {
        if (!_isBehind)
        {
            return;
        }

        // Whatever becomes of the note, the next commits do not wait for one within the interval.
        _noted = _clock.GetTimestamp();
        try
        {
            Write(Note.NewestRow(connection));
            _isBehind = false;
        }
        catch (SqliteException e)
        {
            // What was committed is committed; it is noted another time.
            Tell(e);
        }
    }

    /// <summary>The newest turn may go.</summary>
    public void Forget()
    {
        Write(0);
        _noted = null;
        _isBehind = false;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static string PathOf(string database) => Path.ChangeExtension(database, ".last");

    // What was committed is committed whatever becomes of the note.
    private void Write(long row)
    {
        try
        {
            _file?.Write(_incarnation, row);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e);
        }
    }

    private void Tell(Exception e)
    {
        if (!_told)
        {
            _told = true;
            _notNoted(e.Message);
        }
    }

    /// <summary>What was noted.</summary>
    /// <param name="Incarnation">The incarnation that wrote; 0 for none.</param>
    /// <param name="Row">The row of its newest turn; 0 where it says nothing of one.</param>
    public readonly record struct Note(long Incarnation, long Row)
    {
        /// <summary>Of the numbers of a file.</summary>
        public static Note Of(long[]? numbers) =>
            numbers is [var incarnation, var row] ? new Note(incarnation, row) : default;

        /// <summary>True where the database is older.</summary>
        public bool IsAheadOf(SqliteConnection connection) =>
            Incarnation > ReadNumber(connection, "SELECT max(incarnation) FROM silo_incarnation")
            || Row > NewestRow(connection);

        /// <summary>The row of the newest turn; 0 for none.</summary>
        public static long NewestRow(SqliteConnection connection) =>
            ReadNumber(connection, "SELECT max(turn_id) FROM turn");

        private static long ReadNumber(SqliteConnection connection, string sql)
        {
            using SqliteStatement statement = new(connection, sql);
            return statement.Find() ?? 0;
        }
    }
}
