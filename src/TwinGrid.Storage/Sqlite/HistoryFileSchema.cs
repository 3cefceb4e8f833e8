using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The tables of a partition. Rows are appended; what makes them visible is how far the log says that their twin is
/// sealed, so rows beyond that are what a crash left and are taken away before the twin is sealed again.
/// </summary>
/// <remarks>Twins have numbers of the file's own, so that a file goes with any backup of the log.</remarks>
internal static class HistoryFileSchema
{
    /// <summary>A file with a greater one is refused.</summary>
    private const int Major = 1;

    private const string Tables = """
        CREATE TABLE schema_version (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            major INTEGER NOT NULL,
            minor INTEGER NOT NULL);

        CREATE TABLE twin (
            twin_id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            UNIQUE (tenant, kind, key));

        CREATE TABLE telemetry (
            telemetry_id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE);

        -- first_time and last_time are the least and the greatest; the state is that before the first turn.
        CREATE TABLE turns (
            turns_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            twin_id INTEGER NOT NULL,
            first_revision INTEGER NOT NULL,
            last_revision INTEGER NOT NULL,
            first_time INTEGER NOT NULL,
            last_time INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            turns BLOB NOT NULL,
            state BLOB);
        CREATE INDEX turns_by_revision ON turns (twin_id, first_revision);

        CREATE TABLE readings (
            readings_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            twin_id INTEGER NOT NULL,
            telemetry_id INTEGER NOT NULL,
            first_revision INTEGER NOT NULL,
            last_revision INTEGER NOT NULL,
            first_time INTEGER NOT NULL,
            last_time INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            readings BLOB NOT NULL);
        CREATE INDEX readings_by_time ON readings (
            twin_id, telemetry_id, first_time, last_time, last_revision);
        """;

    /// <summary>
    /// False for a file without tables: one whose making never ended, so that nothing was ever read from it.
    /// </summary>
    public static bool IsMade(SqliteConnection connection)
    {
        using SqliteStatement made = new(
            connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'");
        return made.Step() && made.Int64(0) != 0;
    }

    /// <summary>Makes the tables where there are none.</summary>
    /// <exception cref="TwinGridException">A newer TwinGrid made the file.</exception>
    public static void Ensure(SqliteConnection connection)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if (!IsMade(connection))
        {
            using SqliteCommand make = connection.CreateCommand();
            make.CommandText = Tables + "INSERT INTO schema_version VALUES (1, 1, 0)";
            make.ExecuteNonQuery();
        }

        using (SqliteStatement version = new(connection, "SELECT major FROM schema_version"))
        {
            version.Step();
            if (version.Int64(0) > Major)
            {
                throw new TwinGridException(
                    $"The history file {connection.DataSource} has schema {version.Int64(0)} and this TwinGrid knows "
                    + $"up to {Major}: start the newer TwinGrid that made it. Nothing was changed.");
            }
        }

        transaction.Commit();
    }
}
