using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The tables and queries that Orleans' ADO.NET grain storage needs of a SQLite database: its packages bring none.
/// </summary>
/// <remarks>
/// The provider reads its queries from the table <c>OrleansQuery</c> and gives them the parameters that appear below;
/// a write or a clear answers with one row, <c>NewGrainStateVersion</c>, NULL where the version was another. A primary
/// key makes that true for first writes too: of two, one wins. Give it a file of its own: in the log's file it would
/// wait for the log's commits, and they for it.
/// </remarks>
public static class OrleansSqliteSchema
{
    /// <summary>
    /// Orleans' name for SQLite, for <c>AdoNetGrainStorageOptions.Invariant</c>; it loads Microsoft.Data.Sqlite.
    /// </summary>
    public const string Invariant = "System.Data.SQLite";

    /// <summary>The name of the file in a data directory.</summary>
    public const string FileName = "orleans.db";

    private const string Key = """
        ServiceId = @ServiceId AND GrainTypeString = @GrainTypeString AND GrainIdN0 = @GrainIdN0
        AND GrainIdN1 = @GrainIdN1 AND GrainIdExtensionString = COALESCE(@GrainIdExtensionString, '')
        """;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (
            QueryKey TEXT PRIMARY KEY,
            QueryText TEXT NOT NULL);

        CREATE TABLE IF NOT EXISTS OrleansStorage (
            ServiceId TEXT NOT NULL,
            GrainTypeString TEXT NOT NULL,
            GrainIdN0 INTEGER NOT NULL,
            GrainIdN1 INTEGER NOT NULL,
            GrainIdExtensionString TEXT NOT NULL,
            Version INTEGER NOT NULL,
            ModifiedOn TEXT NOT NULL,
            PayloadBinary BLOB,
            PRIMARY KEY (ServiceId, GrainTypeString, GrainIdN0, GrainIdN1, GrainIdExtensionString));
        """;

    private const string Read = $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {Key}";

    // One statement decides, and changes() says whether it did; the new version needs no second look at the row.
    private const string Write = $"""
        INSERT INTO OrleansStorage
        SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString, ''),
            1, datetime('now'), @PayloadBinary
        WHERE @GrainStateVersion IS NULL OR EXISTS (SELECT 1 FROM OrleansStorage WHERE {Key})
        ON CONFLICT DO UPDATE SET
            Version = Version + 1, ModifiedOn = excluded.ModifiedOn, PayloadBinary = excluded.PayloadBinary
        WHERE Version = @GrainStateVersion;
        SELECT CASE WHEN changes() = 1 THEN COALESCE(@GrainStateVersion, 0) + 1 END AS NewGrainStateVersion;
        """;

    private const string Clear = $"""
        UPDATE OrleansStorage SET Version = Version + 1, ModifiedOn = datetime('now'), PayloadBinary = NULL
        WHERE {Key} AND Version = @GrainStateVersion;
        SELECT CASE WHEN changes() = 1 THEN @GrainStateVersion + 1 END AS NewGrainStateVersion;
        """;

    private const string Delete = $"""
        DELETE FROM OrleansStorage WHERE {Key} AND Version = @GrainStateVersion;
        SELECT CASE WHEN changes() = 1 THEN @GrainStateVersion + 1 END AS NewGrainStateVersion;
        """;

    private static readonly (string Key, string Text)[] s_queries =
    [
        ("ReadFromStorageKey", Read),
        ("WriteToStorageKey", Write),
        ("ClearStorageKey", Clear),
        ("DeleteStorageKey", Delete),
    ];

    /// <summary>The connection string of the file <see cref="FileName"/> in a data directory.</summary>
    public static string ConnectionString(string dataDirectory) => ConnectionString(dataDirectory, readOnly: false);

    /// <summary>The same for a provider that only reads, or that may write.</summary>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="readOnly">True where the file must be there and is only read.</param>
    public static string ConnectionString(string dataDirectory, bool readOnly) => new SqliteConnectionStringBuilder
    {
        DataSource = Path.Combine(dataDirectory, FileName),
        Mode = readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
    }.ToString();

    /// <summary>
    /// After a failed fsync nothing may be written to the file until the next start: whoever can start the process
    /// again hears of it.
    /// </summary>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="failure">What the provider threw.</param>
    /// <param name="broken">Hears of it.</param>
    /// <param name="logger">Is told of it first.</param>
    /// <returns>What to refuse with from then on; null for a failure of another sort.</returns>
    public static TwinGridException? NoteIfBroken(
        string dataDirectory, Exception failure, Action<TwinGridException> broken, ILogger logger) =>
        failure is SqliteException e
            ? new SqliteDatabase(dataDirectory, null, broken)
                .At(Path.Combine(dataDirectory, FileName))
                .NoteIfBroken(e, logger)
            : null;

    /// <summary>
    /// Creates what is missing and brings the queries up to date, in one transaction. Call it before the silo starts.
    /// </summary>
    /// <param name="connectionString">The same that the provider is given.</param>
    /// <param name="cancellationToken">Gives up waiting for it.</param>
    public static Task CreateAsync(string connectionString, CancellationToken cancellationToken = default) =>
        CreateAsync(connectionString, Tables, s_queries, cancellationToken);

    /// <summary>Creates tables and sets the queries of one of Orleans' providers.</summary>
    internal static Task CreateAsync(
        string connectionString,
        string tables,
        IReadOnlyList<(string Key, string Text)> queries,
        CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => CreateOrExplain(connectionString, tables, queries),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static void CreateOrExplain(
        string connectionString, string tables, IReadOnlyList<(string Key, string Text)> queries)
    {
        try
        {
            Create(connectionString, tables, queries);
        }
        catch (SqliteException e) when (SqliteDatabase.IsFull(e))
        {
            // Even to read SQLite needs room for the index of its log.
            throw new TwinGridException(
                $"The disk of {new SqliteConnectionStringBuilder(connectionString).DataSource} is full, and a silo "
                + "needs a MiB there to start: free space and start it again. Nothing is lost.",
                e);
        }
    }

    private static void Create(
        string connectionString, string tables, IReadOnlyList<(string Key, string Text)> queries)
    {
        string file = Path.GetFullPath(new SqliteConnectionStringBuilder(connectionString).DataSource);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using SqliteConnection connection = new(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA journal_mode = WAL");
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        Execute(connection, tables);
        foreach ((string key, string text) in queries)
        {
            SetQuery(connection, key, text);
        }

        transaction.Commit();
    }

    private static void SetQuery(SqliteConnection connection, string key, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "INSERT OR REPLACE INTO OrleansQuery VALUES ($key, $text)";
        command.Parameters.AddWithValue("$key", key);
        command.Parameters.AddWithValue("$text", text);
        command.ExecuteNonQuery();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Only our own constants come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
