using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The tables and queries that Orleans' ADO.NET clustering needs of a PostgreSQL database: its packages bring none.
/// They stand beside the twins' log. A yes or no is one row with one number.
/// </summary>
public static class OrleansPostgreSqlMembership
{
    /// <summary>Silos ask rarely, one question at a time but for a vote or a sign of life between.</summary>
    private const int Connections = 3;

    private const string Row = MembershipQueries.Row;

    private const string Columns = MembershipQueries.Columns;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable (
            DeploymentId text COLLATE "C" PRIMARY KEY,
            Timestamp timestamptz NOT NULL,
            Version integer NOT NULL);

        CREATE TABLE IF NOT EXISTS OrleansMembershipTable (
            DeploymentId text COLLATE "C" NOT NULL,
            Address text COLLATE "C" NOT NULL,
            Port integer NOT NULL,
            Generation integer NOT NULL,
            SiloName text NOT NULL,
            HostName text NOT NULL,
            Status integer NOT NULL,
            ProxyPort integer,
            SuspectTimes text,
            StartTime timestamptz NOT NULL,
            IAmAliveTime timestamptz NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation));
        """;

    // A change of the list counts its version up where that is still the one that the silo read, and else is none: of
    // two silos that change it at once, the second waits for the first one's row and then finds another version there.
    private const string NextVersion = """
        UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1
        WHERE DeploymentId = @DeploymentId AND Version = @Version
        """;

    private static readonly (string Key, string Text)[] s_queries =
    [
        ("InsertMembershipVersionKey", """
            WITH made AS (
                INSERT INTO OrleansMembershipVersionTable VALUES (@DeploymentId, now(), 0)
                ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*)::integer FROM made
            """),
        ("InsertMembershipKey", $"""
            WITH list AS (
                {NextVersion} AND NOT EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Row})
                RETURNING DeploymentId),
            made AS (
                INSERT INTO OrleansMembershipTable (DeploymentId, {Columns})
                SELECT DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, NULL,
                    @StartTime::timestamptz, @IAmAliveTime::timestamptz
                FROM list RETURNING 1)
            SELECT count(*)::integer FROM made
            """),
        ("UpdateMembershipKey", $"""
            WITH list AS (
                {NextVersion} AND EXISTS (SELECT 1 FROM OrleansMembershipTable WHERE {Row}) RETURNING 1),
            changed AS (
                UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes::text,
                    IAmAliveTime = @IAmAliveTime::timestamptz
                WHERE {Row} AND EXISTS (SELECT 1 FROM list) RETURNING 1)
            SELECT count(*)::integer FROM changed
            """),
        ("UpdateIAmAlivetimeKey",
            $"UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime::timestamptz WHERE {Row}"),
        ("CleanupDefunctSiloEntriesKey", """
            DELETE FROM OrleansMembershipTable
            WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime::timestamptz AND Status <> 3
            """),
        .. MembershipQueries.Same,
    ];

    /// <summary>The connection string for the provider, from that of the twins' store. It holds the password.</summary>
    /// <exception cref="TwinGridException">There is none, or it cannot be read.</exception>
    public static string ConnectionString(string? storeConnectionString) => new NpgsqlConnectionStringBuilder(
        new PostgreSqlDatabase(storeConnectionString).ConnectionString("twingrid membership", pooled: true))
    {
        MaxPoolSize = Connections,
    }.ConnectionString;

    /// <summary>
    /// Creates what is missing and brings the queries up to date, in one transaction; many may do it at once. Call it
    /// before the silo starts.
    /// </summary>
    /// <param name="storeConnectionString">That of the twins' store.</param>
    /// <param name="clock">For waiting for a server that is starting.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">That cannot be; the message names the key to change.</exception>
    public static Task CreateAsync(
        string? storeConnectionString, TimeProvider clock, CancellationToken cancellationToken = default) =>
        OrleansPostgreSqlSchema.CreateAsync(storeConnectionString, Tables, s_queries, clock, cancellationToken);
}
