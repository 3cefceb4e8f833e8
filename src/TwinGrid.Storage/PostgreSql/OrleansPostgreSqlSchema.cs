using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The tables and queries that Orleans' ADO.NET grain storage needs of a PostgreSQL database: its packages bring none.
/// </summary>
/// <remarks>
/// The provider reads its queries from the table <c>OrleansQuery</c> and gives them the parameters that appear below;
/// a write or a clear answers with one row, <c>NewGrainStateVersion</c>, or with none where the version was another. A
/// primary key makes that true for first writes too: of two, one wins. They stand in the schema of the twins' log.
/// </remarks>
public static class OrleansPostgreSqlSchema
{
    /// <summary>
    /// Orleans' name for PostgreSQL, for <c>AdoNetGrainStorageOptions.Invariant</c>; it loads Npgsql.
    /// </summary>
    public const string Invariant = "Npgsql";

    private const string Key = """
        ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0
        AND GrainIdN1 = @GrainIdN1 AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString::text, '')
        """;

    private const string QueryTable = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (
            QueryKey text PRIMARY KEY,
            QueryText text NOT NULL);
        """;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansStorage (
            ServiceId text COLLATE "C" NOT NULL,
            GrainTypeString text COLLATE "C" NOT NULL,
            GrainIdN0 bigint NOT NULL,
            GrainIdN1 bigint NOT NULL,
            GrainIdExtensionString text COLLATE "C" NOT NULL,
            Version integer NOT NULL,
            ModifiedOn timestamptz NOT NULL,
            PayloadBinary bytea,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString));
        """;

    private const string Read = $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {Key}";

    // One statement decides, and its row says that it did.
    private const string Write = $"""
        INSERT INTO OrleansStorage AS stored
        SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString::text, ''),
            1, now(), @PayloadBinary::bytea
        WHERE @GrainStateVersion::integer IS NULL OR EXISTS (SELECT 1 FROM OrleansStorage WHERE {Key})
        ON CONFLICT (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString) DO UPDATE SET
            Version = stored.Version + 1, ModifiedOn = excluded.ModifiedOn, PayloadBinary = excluded.PayloadBinary
        WHERE stored.Version = @GrainStateVersion::integer
        RETURNING Version AS NewGrainStateVersion
        """;

    private const string Clear = $"""
        UPDATE OrleansStorage SET Version = Version + 1, ModifiedOn = now(), PayloadBinary = NULL
        WHERE {Key} AND Version = @GrainStateVersion::integer
        RETURNING Version AS NewGrainStateVersion
        """;

    private const string Delete = $"""
        DELETE FROM OrleansStorage WHERE {Key} AND Version = @GrainStateVersion::integer
        RETURNING Version + 1 AS NewGrainStateVersion
        """;

    private static readonly (string Key, string Text)[] s_queries =
    [
        ("ReadFromStorageKey", Read),
        ("WriteToStorageKey", Write),
        ("ClearStorageKey", Clear),
        ("DeleteStorageKey", Delete),
    ];

    /// <summary>The connection string for the provider, from that of the twins' store. It holds the password.</summary>
    /// <exception cref="TwinGridException">There is none, or it cannot be read.</exception>
    public static string ConnectionString(string? storeConnectionString) =>
        new PostgreSqlDatabase(storeConnectionString).ConnectionString("twingrid control plane", pooled: true);

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
        CreateAsync(storeConnectionString, Tables, s_queries, clock, cancellationToken);

    /// <summary>Creates tables and sets the queries of one of Orleans' providers.</summary>
    internal static async Task CreateAsync(
        string? storeConnectionString,
        string tables,
        IReadOnlyList<(string Key, string Text)> queries,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        PostgreSqlDatabase database = new(storeConnectionString);
        try
        {
            NpgsqlDataSource source = database.Connect("twingrid start", pooled: false);
            await using (source.ConfigureAwait(false))
            {
                NpgsqlConnection connection = await OpenStore.ConnectAsync(source, clock, cancellationToken)
                    .ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    await CreateAsync(connection, database, tables, queries, cancellationToken)
                        .ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw database.ExplainStart(e);
        }
    }

    private static async Task CreateAsync(
        NpgsqlConnection connection,
        PostgreSqlDatabase database,
        string tables,
        IReadOnlyList<(string Key, string Text)> queries,
        CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await PostgreSqlSchema.ExecuteAsync(connection, PostgreSqlSchema.Lock, cancellationToken)
                .ConfigureAwait(false);
            await PostgreSqlSchema.EnsureSchemaAsync(connection, database, cancellationToken).ConfigureAwait(false);
            await PostgreSqlSchema.ExecuteAsync(connection, QueryTable, cancellationToken).ConfigureAwait(false);
            await PostgreSqlSchema.ExecuteAsync(connection, tables, cancellationToken).ConfigureAwait(false);
            foreach ((string key, string text) in queries)
            {
                await SetQueryAsync(connection, key, text, cancellationToken).ConfigureAwait(false);
            }

            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task SetQueryAsync(
        NpgsqlConnection connection, string key, string text, CancellationToken cancellationToken)
    {
        NpgsqlCommand set = new(
            """
            INSERT INTO OrleansQuery VALUES ($1, $2)
            ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText
            """,
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = key },
                new NpgsqlParameter<string> { TypedValue = text },
            },
        };
        await using (set.ConfigureAwait(false))
        {
            await set.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
