using System.Globalization;
using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// One life of a silo, as a row that each of its transactions locks FOR SHARE: whoever fences it waits for those under
/// way, and later ones find themselves fenced. Immutable, thread-safe.
/// </summary>
/// <param name="Number">Newer ones are greater; the database gives each number once.</param>
/// <param name="ApplicationName">What the server shows of its sessions: store, number, silo.</param>
internal sealed record Incarnation(long Number, string ApplicationName)
{
    /// <summary>The row's lock and check; no row says that this life is over.</summary>
    private const string LockSql = "SELECT 1 FROM silo_incarnation WHERE incarnation = $1 AND NOT fenced FOR SHARE";

    private const int Attempts = 10;
    private const int Remembered = 1_000;

    private const string FindEarlierSql = """
        SELECT incarnation FROM silo_incarnation WHERE cluster = $1 AND ($3 OR silo = $2) AND NOT fenced
        """;

    // A session that sleeps in the middle of a COPY would hold its keys and its lock until it wakes. Sessions of the
    // same role may be ended; those of another are waited for.
    private const string EndSessionsSql = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
            AND starts_with(application_name, $1)
        """;

    private const string FenceSql = """
        UPDATE silo_incarnation SET fenced = true WHERE cluster = $1 AND ($3 OR silo = $2) AND NOT fenced
        """;

    // A number that a silo had after the backup was made: it may still live, and must not be taken for the new one.
    private const string PassSql = """
        SELECT setval(pg_get_serial_sequence('silo_incarnation', 'incarnation'), $1)
        WHERE $1 > (SELECT COALESCE(max(incarnation), 0) FROM silo_incarnation)
        """;

    private const string OpenSql = """
        INSERT INTO silo_incarnation (cluster, silo, opened_at) VALUES ($1, $2, $3) RETURNING incarnation
        """;

    /// <summary>The lock, for a transaction's second statement.</summary>
    public NpgsqlBatchCommand LockCommand() => new(LockSql)
    {
        Parameters = { new NpgsqlParameter<long> { TypedValue = Number } },
    };

    /// <summary>Locks the row in the transaction under way; false when this life is over.</summary>
    public async Task<bool> LockAsync(NpgsqlConnection connection)
    {
        NpgsqlCommand command = Command(connection, LockSql, Number);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is not null;
        }
    }

    /// <summary>
    /// Opens an incarnation; earlier ones of the silo, or of the cluster, are fenced and their sessions ended.
    /// </summary>
    /// <param name="connection">A connection of its own.</param>
    /// <param name="owner">Whose.</param>
    /// <param name="after">A number that is not given again.</param>
    /// <param name="now">Unix microseconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PostgresException">An earlier one did not let go of its lock.</exception>
    public static async Task<Incarnation> OpenAsync(
        NpgsqlConnection connection, StoreOwner owner, long after, long now, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TryOpenAsync(connection, owner, after, now, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException e) when (
                e.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < Attempts)
            {
                // It began a transaction after its sessions were ended: they are ended again.
            }
        }
    }

    private static async Task<Incarnation> TryOpenAsync(
        NpgsqlConnection connection, StoreOwner owner, long after, long now, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await PostgreSqlSchema.ExecuteAsync(connection, PostgreSqlSchema.Lock, cancellationToken)
                .ConfigureAwait(false);
            object? store = await PostgreSqlSchema.ReadAsync(
                connection, "SELECT 'schema_version'::regclass::oid", cancellationToken).ConfigureAwait(false);
            foreach (long earlier in await FindEarlierAsync(connection, owner, cancellationToken).ConfigureAwait(false))
            {
                await EndSessionsAsync(connection, Prefix(store, earlier), cancellationToken).ConfigureAwait(false);
            }

            await PostgreSqlSchema.ExecuteAsync(connection, "SET LOCAL lock_timeout = '1s'", cancellationToken)
                .ConfigureAwait(false);
            await using NpgsqlCommand fence = Command(connection, FenceSql, owner.Cluster, owner.Silo, owner.IsAlone);
            await fence.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlCommand pass = Command(connection, PassSql, after);
            await pass.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlCommand open = Command(connection, OpenSql, owner.Cluster, owner.Silo, now);
            long number = (long)(await open.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            await using NpgsqlCommand forget = Command(
                connection, "DELETE FROM silo_incarnation WHERE fenced AND incarnation <= $1", number - Remembered);
            await forget.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return new Incarnation(number, Shown(Prefix(store, number) + owner.Silo));
        }
    }

    private static async Task<List<long>> FindEarlierAsync(
        NpgsqlConnection connection, StoreOwner owner, CancellationToken cancellationToken)
    {
        List<long> earlier = [];
        await using NpgsqlCommand find = Command(connection, FindEarlierSql, owner.Cluster, owner.Silo, owner.IsAlone);
        await using NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            earlier.Add(row.GetInt64(0));
        }

        return earlier;
    }

    private static async Task EndSessionsAsync(
        NpgsqlConnection connection, string prefix, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand end = Command(connection, EndSessionsSql, prefix);
        await end.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // The number of the table of versions tells stores of one database apart, and numbers begin anew in each.
    private static string Prefix(object? store, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"twingrid {store}.{number} ");

    // The server keeps 63 bytes of it and no others than of ASCII; what is compared with it must be the same.
    private static string Shown(string name)
    {
        IEnumerable<char> ascii = name.Select(static c => char.IsAscii(c) && !char.IsControl(c) ? c : '_');
        return new string([.. ascii.Take(63)]);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
