using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Where the database is and how its connections are set up. Immutable, thread-safe.</summary>
internal sealed partial class SqliteDatabase
{
    private readonly string _connectionString;
    private readonly Action<TwinGridException>? _broken;

    /// <summary>Takes a connection string, or the file <c>twingrid.db</c> in a directory.</summary>
    /// <param name="dataDirectory">Where the file goes; made where it does not exist.</param>
    /// <param name="connectionString">The options of Microsoft.Data.Sqlite; null for none.</param>
    /// <param name="broken">Hears that nothing is written any more until the next start; null for nobody.</param>
    /// <exception cref="TwinGridException">The connection string cannot be read.</exception>
    public SqliteDatabase(
        string dataDirectory, string? connectionString, Action<TwinGridException>? broken = null)
    {
        _broken = broken;
        SqliteConnectionStringBuilder builder;
        try
        {
            builder = new SqliteConnectionStringBuilder(connectionString ?? "");
        }
        catch (ArgumentException e)
        {
            throw new TwinGridException(
                $"TwinGrid:Storage:ConnectionString is not one of SQLite: {e.Message} Write 'Data Source=FILE' "
                + "or leave it out.",
                e);
        }

        if (builder.DataSource.Length == 0)
        {
            builder.DataSource = Path.Combine(dataDirectory, "twingrid.db");
        }

        // The threads keep their connections; a pool would keep files open behind a closed store.
        builder.Pooling = false;
        File = Path.GetFullPath(builder.DataSource);
        builder.DataSource = File;
        _connectionString = builder.ToString();
        HistoryDirectory = Path.Combine(
            Path.GetDirectoryName(File)!, $"{Path.GetFileNameWithoutExtension(File)}-history");
    }

    private SqliteDatabase(SqliteDatabase other, string file)
    {
        File = file;
        _broken = other._broken;
        HistoryDirectory = other.HistoryDirectory;
        _connectionString = new SqliteConnectionStringBuilder(other._connectionString) { DataSource = file }.ToString();
    }

    /// <summary>The database file.</summary>
    public string File { get; }

    /// <summary>Where the files of sealed history are.</summary>
    public string HistoryDirectory { get; }

    /// <summary>Another file, opened in the same way.</summary>
    public SqliteDatabase At(string file) => new(this, file);

    /// <summary>Opens a connection whose page cache takes at most <paramref name="cacheKib"/> KiB.</summary>
    public SqliteConnection Open(int cacheKib)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        SqliteConnection connection = new(_connectionString);
        try
        {
            connection.Open();

            // FULL: every commit is on disk before it answers. fullfsync: on macOS fsync alone leaves data in the
            // drive. secure_delete: what was erased is gone from the file. busy_timeout: a silo that this one has just
            // replaced may still write for a moment.
            using SqliteCommand setup = connection.CreateCommand();
#pragma warning disable CA2100 // The only variable is a number.
            setup.CommandText = $"""
                PRAGMA busy_timeout = 10000;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA fullfsync = ON;
                PRAGMA checkpoint_fullfsync = ON;
                PRAGMA foreign_keys = OFF;
                PRAGMA secure_delete = ON;
                PRAGMA cell_size_check = ON;
                PRAGMA journal_size_limit = 67108864;
                PRAGMA cache_size = -{cacheKib};
                """;
#pragma warning restore CA2100
            setup.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a connection that only reads, beside whoever writes; the file must be there. Of the database it changes
    /// nothing; SQLite may leave an empty log beside it.
    /// </summary>
    public SqliteConnection OpenToRead(int cacheKib)
    {
        SqliteConnectionStringBuilder builder = new(_connectionString) { Mode = SqliteOpenMode.ReadOnly };
        SqliteConnection connection = new(builder.ToString());
        try
        {
            connection.Open();
            using SqliteCommand setup = connection.CreateCommand();
#pragma warning disable CA2100 // The only variable is a number.
            setup.CommandText = $"""
                PRAGMA busy_timeout = 10000;
                PRAGMA cell_size_check = ON;
                PRAGMA cache_size = -{cacheKib};
                """;
#pragma warning restore CA2100
            setup.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Nothing is kept any more: whoever can start the process again must hear of it.</summary>
    public void NoteBroken(TwinGridException failure) => _broken?.Invoke(failure);

    /// <summary>
    /// After a failed fsync the kernel may have dropped what it could not write and say yes the next time, so that
    /// nothing after it can be trusted: whoever wrote writes no more until the next start.
    /// </summary>
    /// <returns>What to refuse with from then on; null for a failure of another sort.</returns>
    public TwinGridException? NoteIfBroken(SqliteException e, ILogger logger)
    {
        if (!IsUnsynced(e))
        {
            return null;
        }

        LogUnsynced(logger, File);
        TwinGridException failure = Explain(e);
        NoteBroken(failure);
        return failure;
    }

    /// <summary>True for a failure that passes when there is room.</summary>
    /// <remarks>
    /// To make the index of its log larger SQLite writes to it, and calls it SQLITE_IOERR_SHMSIZE where that fails
    /// (unixShmMap of https://sqlite.org/src/file/src/os_unix.c).
    /// </remarks>
    public static bool IsFull(SqliteException e) =>
        e.SqliteErrorCode == raw.SQLITE_FULL || e.SqliteExtendedErrorCode == raw.SQLITE_IOERR_SHMSIZE;

    /// <summary>Says in a sentence what a failure means and what to do; what passes of itself is unavailable.</summary>
    public TwinGridException Explain(SqliteException e)
    {
        string cause = e.SqliteErrorCode switch
        {
            _ when IsFull(e) => "the disk is full: free space, and it goes on by itself",
            raw.SQLITE_BUSY => "another process holds its lock: one silo at a time may use it",
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB =>
                "the file is damaged or is no database: stop the silo, keep the file and restore a backup",
            raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM =>
                "it cannot be opened for writing: check that the directory exists and who may write to it "
                + "(TwinGrid:DataDirectory)",
            _ when IsUnsynced(e) =>
                "the disk failed to keep what was written: check the disk, then start the silo again",
            _ => e.Message,
        };
        string sentence = $"The store {File} did not answer: {cause}.";
        return IsFull(e) || e.SqliteErrorCode == raw.SQLITE_BUSY
            ? new TwinGridUnavailableException(sentence, e)
            : new TwinGridException(sentence, e);
    }

    private static bool IsUnsynced(SqliteException e) =>
        e.SqliteExtendedErrorCode is raw.SQLITE_IOERR_FSYNC or raw.SQLITE_IOERR_DIR_FSYNC;

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "Store {Path}: the disk failed to keep a commit (fsync); nothing is written until the next start")]
    private static partial void LogUnsynced(ILogger logger, string path);
}
