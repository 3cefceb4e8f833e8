using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The tables and queries that Orleans' ADO.NET clustering needs of a SQLite database, in a file that the processes of
/// one machine share: its packages bring none. A yes or no is one row with one number.
/// </summary>
public static class OrleansSqliteMembership
{
    /// <summary>The name of the file in a data directory.</summary>
    public const string FileName = "cluster.db";

    private const string Row = MembershipQueries.Row;

    private const string Columns = MembershipQueries.Columns;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (
            QueryKey TEXT PRIMARY KEY,
            QueryText TEXT NOT NULL);

        CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
            DeploymentId TEXT NOT NULL PRIMARY KEY,
            Timestamp TEXT NOT NULL,
            Version INTEGER NOT NULL);

        CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
            DeploymentId TEXT NOT NULL,
            Address TEXT NOT NULL,
            Port INTEGER NOT NULL,
            Generation INTEGER NOT NULL,
            SiloName TEXT NOT NULL,
            HostName TEXT NOT NULL,
            Status INTEGER NOT NULL,
            ProxyPort INTEGER,
            SuspectTimes TEXT,
            StartTime TEXT NOT NULL,
            IAmAliveTime TEXT NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        """;

    // A change of the list counts its version up where that is still the one that the silo read, and else is none.
    private static readonly (string Key, string Text)[] s_queries =
    [
        ("InsertMembershipVersionKey", """
            INSERT INTO OrleansMembershipVersionTable VALUES (@DeploymentId, datetime('now'), 0) ON CONFLICT DO NOTHING;
            SELECT changes();
            """),
        ("InsertMembershipKey", $"""
            BEGIN IMMEDIATE;
            INSERT INTO OrleansMembershipTable (DeploymentId, {Columns})
            SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, NULL,
                @StartTime, @IAmAliveTime
            FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId AND Version = @Version
            ON CONFLICT DO NOTHING;
            UPDATE OrleansMembershipVersionTable SET Timestamp = datetime('now'), Version = Version + 1
            WHERE DeploymentId = @DeploymentId AND changes() > 0;
            SELECT changes();
            COMMIT;
            """),
        ("UpdateMembershipKey", $"""
            BEGIN IMMEDIATE;
            UPDATE OrleansMembershipVersionTable SET Timestamp = datetime('now'), Version = Version + 1
            WHERE DeploymentId = @DeploymentId AND Version = @Version
                AND EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Row});
            UPDATE OrleansMembershipTable
            SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
            WHERE {Row} AND changes() > 0;
            SELECT changes();
            COMMIT;
            """),
        ("UpdateIAmAlivetimeKey", $"UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime WHERE {Row}"),
        ("CleanupDefunctSiloEntriesKey", """
            DELETE FROM OrleansMembershipTable
            WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3
            """),
        .. MembershipQueries.Same,
    ];

    /// <summary>
    /// The connection string of the file <see cref="FileName"/> in a data directory. Without a pool: a command that
    /// failed in the middle of its transaction takes its connection, and with it the transaction, along.
    /// </summary>
    public static string ConnectionString(string dataDirectory) => new SqliteConnectionStringBuilder
    {
        DataSource = Path.Combine(dataDirectory, FileName),
        Pooling = false,
    }.ToString();

    /// <summary>
    /// Creates what is missing and brings the queries up to date, in one transaction; several processes may do it at
    /// once. Call it before the silo starts.
    /// </summary>
    /// <param name="dataDirectory">Where; made where it does not exist.</param>
    /// <param name="cancellationToken">Gives up waiting for it.</param>
    public static Task CreateAsync(string dataDirectory, CancellationToken cancellationToken = default) =>
        OrleansSqliteSchema.CreateAsync(ConnectionString(dataDirectory), Tables, s_queries, cancellationToken);
}
