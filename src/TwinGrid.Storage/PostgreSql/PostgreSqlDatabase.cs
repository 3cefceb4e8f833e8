using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Where the database is, how its connections are set up, and what its failures mean. Never shows a password.
/// Immutable, thread-safe.
/// </summary>
internal sealed class PostgreSqlDatabase
{
    private const string Key = "TwinGrid:Storage:ConnectionString";

    private const string Form =
        "'Host=…;Database=…;Username=…;Password=…', with SSL Mode and the others of Npgsql where they are needed";

    // What a connection string does not say. A command that takes 10 s is given up: the group is then looked up and
    // sent again. Statements are prepared on their second use. Search Path: tables of other software stay apart.
    // Npgsql would prefer encryption by Kerberos, and ask DNS for the server's name at every connection, also where it
    // is given by its address: with DNS away that takes longer than a connection may.
    private const string Defaults =
        "Search Path=twingrid;Timeout=5;Command Timeout=10;Cancellation Timeout=1000;Max Auto Prepare=64;"
        + "Auto Prepare Min Usages=2;Maximum Pool Size=8;Enlist=false;GSS Encryption Mode=Disable";

    // Statements are planned once, when tables may be empty: a plan of that moment would read whole tables for ever.
    // A silo that stops in the middle of a transaction must not hold its locks for as long as it sleeps.
    private const string SessionSettings =
        "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off "
        + "-c idle_in_transaction_session_timeout=30s";

    private readonly NpgsqlConnectionStringBuilder _connection;

    /// <summary>Takes a connection string of Npgsql.</summary>
    /// <exception cref="TwinGridException">There is none, or it cannot be read.</exception>
    public PostgreSqlDatabase(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
        {
            throw new TwinGridException($"{Key} is missing: PostgreSql needs one, {Form}");
        }

        _connection = new NpgsqlConnectionStringBuilder(Defaults);
        try
        {
            NpgsqlConnectionStringBuilder given = new(connectionString);
            foreach (string key in given.Keys)
            {
                _connection[key] = given[key];
            }
        }
        catch (Exception e) when (
            e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // Neither its message nor the exception itself: a part of a password may stand in them.
            throw new TwinGridException($"{Key} is not a connection string of PostgreSQL: write {Form}");
        }

        if (string.IsNullOrEmpty(_connection.Host))
        {
            throw new TwinGridException($"{Key} names no Host: write {Form}");
        }

        _connection.PersistSecurityInfo = false;
        _connection.Options = $"{SessionSettings} {_connection.Options}".TrimEnd();
        Name = string.Create(
            CultureInfo.InvariantCulture,
            $"{_connection.Host}:{_connection.Port}/{_connection.Database ?? _connection.Username}");
    }

    /// <summary>Host, port and database, for messages.</summary>
    public string Name { get; }

    /// <summary>The schema that the tables are made in: the first of the search path.</summary>
    public string Schema => _connection.SearchPath!.Split(',')[0].Trim().Trim('"');

    /// <summary>The connections of one use.</summary>
    /// <param name="applicationName">What the server shows of them; 63 bytes of it count.</param>
    /// <param name="pooled">False for one that is opened anew each time.</param>
    /// <param name="synchronous">True where the server would not wait for the disk.</param>
    public NpgsqlDataSource Connect(string applicationName, bool pooled, bool synchronous = false) =>
        NpgsqlDataSource.Create(ConnectionString(applicationName, pooled, synchronous));

    /// <summary>The connection string of one use; it holds the password.</summary>
    public string ConnectionString(string applicationName, bool pooled, bool synchronous = false) =>
        new NpgsqlConnectionStringBuilder(_connection.ConnectionString)
        {
            ApplicationName = applicationName,
            Pooling = pooled,
            Options = synchronous ? $"{_connection.Options} -c synchronous_commit=on" : _connection.Options,
        }.ConnectionString;

    /// <summary>Says in a sentence what a failure means; whether it may pass is told by the type.</summary>
    public TwinGridException Explain(Exception failure)
    {
        if (failure is TwinGridException known)
        {
            return known;
        }

        string message = $"The store {Name} did not answer: {Cause(failure)}.";
        return MayPass(failure)
            ? new TwinGridUnavailableException(message, failure)
            : new TwinGridException(message, failure);
    }

    /// <summary>The sentence of a start that failed.</summary>
    public TwinGridException ExplainStart(Exception failure) => failure is TwinGridException known
        ? known
        : new TwinGridException($"{Key}: {Cause(failure)} ({Name})", failure);

    /// <summary>True when the server is there and says that it is not ready yet.</summary>
    public static bool IsStarting(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow };

    /// <summary>
    /// True for what time or an operator heals: connections, timeouts, locks, a full disk, a server that stops, a
    /// standby. False for what says that data or schema are not what they should be.
    /// </summary>
    public static bool MayPass(Exception failure) => failure switch
    {
        PostgresException server => server.SqlState[..2] is "08" or "25" or "28" or "3D" or "40" or "53" or "55" or "57"
            or "58",
        NpgsqlException or IOException or SocketException or TimeoutException => true,
        _ => false,
    };

    /// <summary>
    /// True where the server itself refused a statement for good: it then rolls the transaction back, also where that
    /// statement was the commit, for what fails after a commit ends its process. A proxy between speaks of connections.
    /// </summary>
    public static bool HasRolledBack(Exception failure) =>
        failure is PostgresException { InvariantSeverity: "ERROR" } && !MayPass(failure);

    private static string Cause(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
            "the password or the user name is wrong",
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } server =>
            $"the user may not come in: {server.MessageText}",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } server =>
            $"{server.MessageText}: create it, or name another",
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            "its disk is full: free space, and it goes on by itself",
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } =>
            "it is read-only, a standby perhaps: name the server that takes writes",
        PostgresException server => $"{server.MessageText} ({server.SqlState})",
        NpgsqlException { InnerException: SocketException socket } => $"no PostgreSQL answers there: {socket.Message}",
        NpgsqlException { InnerException: TimeoutException } or TimeoutException => "it does not answer in time",
        _ => failure.Message.TrimEnd('.'),
    };
}
