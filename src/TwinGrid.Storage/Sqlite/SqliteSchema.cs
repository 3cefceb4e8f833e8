using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The tables of the SQLite store. <c>turn</c> is the log, append-only in the order of commits; <c>head</c> points at
/// each twin's newest turn and each turn at the one before it, so that a tail is read backwards from the head.
/// </summary>
/// <remarks>
/// Why not <c>PRIMARY KEY (twin_id, revision)</c>: it puts every row of a group on a page of its own. Groups of 500
/// rows over 10,000 twins then write 14.8 KB and take 32 µs of CPU a row, with 27.5 ms to commit (p50); an index on a
/// log by rowid, 6.8 KB, 17 µs, 10.0 ms; the log with its heads, 0.65 KB, 6.2 µs, 2.9 ms (all with the same commands,
/// 2 cores). The fence is the same: a turn goes in only where the head is at the revision before it, in the same
/// transaction. <c>head</c> is a table of its own because narrow rows share pages.
/// </remarks>
internal static class SqliteSchema
{
    /// <summary>A database with a greater one is refused: its rows mean something else.</summary>
    public const int Major = 1;

    /// <summary>Grows with additions that an older silo may ignore.</summary>
    public static int Minor => Additions.Length;

    /// <summary>The minor version that brought the list of what history files have.</summary>
    public const int MinorOfListing = 6;

    // Version 1.0. What came later stands in the additions, so that an older database becomes the same as a new one.
    private const string Tables = """
        CREATE TABLE schema_version (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            major INTEGER NOT NULL,
            minor INTEGER NOT NULL);

        CREATE TABLE silo_incarnation (
            incarnation INTEGER PRIMARY KEY AUTOINCREMENT,
            opened_at INTEGER NOT NULL,
            fenced INTEGER NOT NULL DEFAULT 0);

        -- snapshot_revision and next_due repeat the snapshot's, so that looking for twins with something due reads no
        -- state; turns before erased_before were erased.
        CREATE TABLE twin (
            twin_id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            snapshot_revision INTEGER NOT NULL DEFAULT 0,
            next_due INTEGER,
            erased_before INTEGER NOT NULL DEFAULT 1,
            UNIQUE (tenant, kind, key));

        CREATE TABLE head (
            twin_id INTEGER PRIMARY KEY,
            revision INTEGER NOT NULL,
            turn_id INTEGER NOT NULL);

        CREATE TABLE turn (
            turn_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            twin_id INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            previous_turn_id INTEGER NOT NULL,
            time INTEGER NOT NULL,
            fold_version INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            inputs BLOB NOT NULL);

        CREATE TABLE snapshot (
            twin_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            fold_version INTEGER NOT NULL,
            next_due INTEGER,
            crc INTEGER NOT NULL,
            state BLOB NOT NULL);

        CREATE TABLE dead_letter (
            letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
            record INTEGER NOT NULL,
            time INTEGER NOT NULL,
            topic TEXT NOT NULL,
            client TEXT NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            size INTEGER NOT NULL,
            sample BLOB NOT NULL);
        """;

    // 1.1. Rows are small, a client's name and a few filters, and found by that name: one B-tree. With a rowid and a
    // unique index, 5,000 changes among 20,000 sessions take 28 ms of CPU instead of 22, and a fifth more space.
    private const string Sessions = """
        CREATE TABLE session (
            tenant TEXT NOT NULL,
            client TEXT NOT NULL,
            record INTEGER NOT NULL,
            expiry_seconds INTEGER NOT NULL,
            ended_at INTEGER,
            crc INTEGER NOT NULL,
            state BLOB NOT NULL,
            PRIMARY KEY (tenant, client)) WITHOUT ROWID;
        """;

    // 1.2. What is sealed lies in files of its own (see HistoryFile); here stands how far it goes, which alone makes it
    // visible. Turns before sweep_before may go from the log: it stays the same while a sweep goes through the log, so
    // that what is left of a twin's single turns has no gap. The states are apart because narrow rows share pages.
    private const string Sealing = """
        CREATE TABLE sealed (
            twin_id INTEGER PRIMARY KEY,
            revision INTEGER NOT NULL,
            sealed_at INTEGER NOT NULL,
            incarnation INTEGER NOT NULL,
            sweep_before INTEGER NOT NULL DEFAULT 0);

        CREATE TABLE sealed_state (
            twin_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            fold_version INTEGER NOT NULL,
            next_due INTEGER,
            crc INTEGER NOT NULL,
            state BLOB NOT NULL);
        """;

    // 1.3. Which files there must be, so that a lost one is noticed; the names of those that were dropped stay, and
    // tell how long they were kept. Sealed turns before kept_from were erased: of what an older TwinGrid sealed that is
    // not known.
    private const string Files = """
        CREATE TABLE history_file (name TEXT PRIMARY KEY) WITHOUT ROWID;

        ALTER TABLE sealed ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 1;

        UPDATE sealed SET kept_from = revision + 1;
        """;

    // 1.4. Deleted twins are not listed; what an older TwinGrid deleted is not known here.
    private const string Deleted = "ALTER TABLE twin ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0";

    // 1.5. Which gateway has a session, and since when: a row that is claimed anew is not changed by whoever had it.
    private const string Claims = """
        ALTER TABLE session ADD COLUMN claimed_at INTEGER NOT NULL DEFAULT 0;

        ALTER TABLE session ADD COLUMN claimed_by TEXT NOT NULL DEFAULT '';
        """;

    // 1.6. What each file has of a twin, so that it is missed when it is lost and a damaged file fails no question that
    // does not need it; null where some of it was erased. What is listed goes void when the file is dropped: its life
    // is another then. Of a file with life 0, and of a twin that is not listed up to where it is sealed, an older
    // TwinGrid sealed something that is in no list.
    private const string Listing = """
        CREATE TABLE sealed_in (
            twin_id INTEGER NOT NULL,
            file TEXT NOT NULL,
            life INTEGER NOT NULL,
            contents BLOB,
            PRIMARY KEY (twin_id, file)) WITHOUT ROWID;

        ALTER TABLE history_file ADD COLUMN life INTEGER NOT NULL DEFAULT 0;

        ALTER TABLE sealed ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;

        UPDATE sealed SET listed = revision;
        """;

    // The n-th leads from minor version n - 1 to n.
    private static readonly string[] Additions = [Sessions, Sealing, Files, Deleted, Claims, Listing];

    /// <summary>
    /// Creates the tables where there are none and adds what an older database lacks, in one transaction; many may do
    /// it at once.
    /// </summary>
    /// <exception cref="TwinGridException">A newer TwinGrid made the database.</exception>
    public static void Ensure(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if (!Exists(connection))
        {
            Execute(connection, Tables);
            Execute(connection, $"INSERT INTO schema_version VALUES (1, {Major}, 0)");
        }

        long major = Read(connection, "SELECT major FROM schema_version");
        if (major > Major)
        {
            throw new TwinGridException(
                $"The database {connection.DataSource} has schema {major} and this TwinGrid knows up to {Major}: start "
                + "the newer TwinGrid that made it, or name another TwinGrid:DataDirectory. Nothing was changed.");
        }

        long minor = Read(connection, "SELECT minor FROM schema_version");
        if (minor < Minor)
        {
            Array.ForEach(Additions[(int)minor..], addition => Execute(connection, addition));
            Execute(connection, $"UPDATE schema_version SET minor = {Minor}");
        }

        transaction.Commit();
    }

    /// <summary>Opens an incarnation and fences all before it.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="after">A number that was given already, as far as is known from outside the database.</param>
    /// <param name="now">Unix microseconds.</param>
    /// <returns>Its number; newer ones are greater.</returns>
    public static long OpenIncarnation(SqliteConnection connection, long after, long now)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        Execute(connection, "UPDATE silo_incarnation SET fenced = 1 WHERE fenced = 0");
        Execute(connection, $"""
            INSERT INTO silo_incarnation (incarnation, opened_at)
            SELECT max(coalesce(max(incarnation), 0), {after}) + 1, {now} FROM silo_incarnation
            """);
        long incarnation = Read(connection, "SELECT last_insert_rowid()");
        Execute(connection, $"DELETE FROM silo_incarnation WHERE incarnation <= {incarnation - 100}");
        transaction.Commit();
        return incarnation;
    }

    /// <summary>The minor version of a database that is only read.</summary>
    /// <exception cref="TwinGridException">A newer TwinGrid made it.</exception>
    public static long ReadMinor(SqliteConnection connection)
    {
        if (!Exists(connection))
        {
            throw new TwinGridException(
                $"The database {connection.DataSource} holds no twins: name the TwinGrid:DataDirectory that the silo "
                + "uses, or restore a backup where this file is all that is left of it.");
        }

        using SqliteStatement statement = new(connection, "SELECT major, minor FROM schema_version");
        statement.Step();
        return statement.Int64(0) <= Major
            ? statement.Int64(1)
            : throw new TwinGridException(
                $"The database {connection.DataSource} has schema {statement.Int64(0)} and this TwinGrid knows up to "
                + $"{Major}: verify it with the newer TwinGrid that made it.");
    }

    /// <summary>Refuses a database that lacks what this version reads.</summary>
    /// <exception cref="TwinGridException">Another TwinGrid made it.</exception>
    public static void EnsureReadable(SqliteConnection connection)
    {
        if (ReadMinor(connection) is var minor && minor < Minor)
        {
            throw new TwinGridException(
                $"The database {connection.DataSource} has schema {Major}.{minor} and this TwinGrid reads "
                + $"{Major}.{Minor}: start a silo of this version on it once.");
        }
    }

    private static bool Exists(SqliteConnection connection) =>
        Read(connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'") != 0;

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Only our own constants and numbers come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static long Read(SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = new(connection, sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
