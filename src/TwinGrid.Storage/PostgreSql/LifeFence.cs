using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Ends the lives of silos. First the sessions, for one that sleeps in the middle of a COPY would hold its keys and its
/// lock until it wakes; then the row, whose lock waits for every transaction that began before; then the lease, which
/// nobody prolongs any more, is waited out.
/// </summary>
internal static class LifeFence
{
    private const int Attempts = 10;

    private const string FindSql = """
        SELECT incarnation, fenced FROM silo_incarnation WHERE cluster = $1 AND life = $2
        """;

    // Sessions of the same role may be ended; those of another are waited for.
    private const string EndSessionsSql = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
            AND starts_with(application_name, $1)
        """;

    private const string FenceSql = "UPDATE silo_incarnation SET fenced = true WHERE incarnation = $1 AND NOT fenced";

    // A clock of the server's that was set back must not hold up anybody for longer than the lease was given for.
    private const string LeaseSql = """
        SELECT COALESCE(max(EXTRACT(epoch FROM
            LEAST(lease_until - clock_timestamp(), lease_until - renewed_at))), 0)::double precision
        FROM silo_lease WHERE incarnation = ANY($1)
        """;

    /// <summary>The number that tells the sessions of this store from those of others in the database.</summary>
    public static Task<object?> ReadStoreAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        PostgreSqlSchema.ReadAsync(connection, "SELECT 'schema_version'::regclass::oid", cancellationToken);

    /// <summary>Fences a life where that was not done.</summary>
    /// <returns>How long its lease still lasts, from now on.</returns>
    /// <exception cref="PostgresException">It does not let go of its lock.</exception>
    public static async Task<TimeSpan> FenceAsync(
        NpgsqlConnection connection, string cluster, string life, CancellationToken cancellationToken)
    {
        List<(long Number, bool Fenced)> lives = [];
        NpgsqlCommand find = Incarnation.Command(connection, FindSql, cluster, life);
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    lives.Add((row.GetInt64(0), row.GetBoolean(1)));
                }
            }
        }

        foreach ((long number, _) in lives.Where(static known => !known.Fenced))
        {
            await FenceAsync(connection, number, cancellationToken).ConfigureAwait(false);
        }

        long[] numbers = [.. lives.Select(static known => known.Number)];
        return numbers.Length == 0
            ? TimeSpan.Zero
            : await ReadLeaseAsync(connection, numbers, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends an incarnation's sessions.</summary>
    public static async Task EndSessionsAsync(
        NpgsqlConnection connection, object? store, long number, CancellationToken cancellationToken)
    {
        NpgsqlCommand end = Incarnation.Command(connection, EndSessionsSql, Incarnation.SessionPrefix(store, number));
        await using (end.ConfigureAwait(false))
        {
            await end.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How long the leases of incarnations still last; zero where they are over or there are none.</summary>
    public static async Task<TimeSpan> ReadLeaseAsync(
        NpgsqlConnection connection, long[] numbers, CancellationToken cancellationToken)
    {
        NpgsqlCommand read = Incarnation.Command(connection, LeaseSql, numbers);
        await using (read.ConfigureAwait(false))
        {
            double seconds = (double)(await read.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            return TimeSpan.FromSeconds(Math.Max(0, seconds));
        }
    }

    /// <summary>
    /// Each statement commits by itself, so that a silo that is stopped in the middle of it holds no lock.
    /// </summary>
    private static async Task FenceAsync(
        NpgsqlConnection connection, long number, CancellationToken cancellationToken)
    {
        object? store = await ReadStoreAsync(connection, cancellationToken).ConfigureAwait(false);
        for (int attempt = 1; ; attempt++)
        {
            await EndSessionsAsync(connection, store, number, cancellationToken).ConfigureAwait(false);
            try
            {
                await MarkAsync(connection, number, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PostgresException e) when (
                e.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < Attempts)
            {
                // It began a transaction after its sessions were ended: they are ended again.
                await PostgreSqlSchema.ExecuteAsync(connection, "ROLLBACK", cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task MarkAsync(NpgsqlConnection connection, long number, CancellationToken cancellationToken)
    {
        NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN"),
                new NpgsqlBatchCommand("SET LOCAL lock_timeout = '1s'"),
                new NpgsqlBatchCommand(FenceSql) { Parameters = { new NpgsqlParameter<long> { TypedValue = number } } },
                new NpgsqlBatchCommand("COMMIT"),
            },
        };
        await using (batch.ConfigureAwait(false))
        {
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
