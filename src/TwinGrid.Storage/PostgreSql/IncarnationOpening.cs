using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Begins a silo's life in a database: fences the lives that it takes over from, and refuses to begin beside one that
/// it cannot live with. Which of them live is told by their leases.
/// </summary>
/// <remarks>
/// A silo that is alone takes over from whoever was alone before it, whatever that does. Of two silos of one name, of
/// two clusters in one database, of a cluster and one that is alone, the second does not start.
/// </remarks>
internal static class IncarnationOpening
{
    private const int Attempts = 10;
    private const int Remembered = 1_000;

    // No lease was ever given to lives of another cluster that this version did not open: they are left alone.
    private const string RivalsSql = """
        SELECT i.incarnation, i.cluster, i.silo, i.alone,
            COALESCE(EXTRACT(epoch FROM LEAST(l.lease_until - clock_timestamp(), l.lease_until - l.renewed_at)), 0)
                ::double precision,
            COALESCE(EXTRACT(epoch FROM l.lease_until), 0)::double precision
        FROM silo_incarnation i LEFT JOIN silo_lease l USING (incarnation)
        WHERE NOT i.fenced AND CASE WHEN i.cluster = $1 THEN $3 OR i.silo = $2 OR (i.alone AND l.incarnation > 0)
            ELSE l.incarnation > 0 END
        ORDER BY i.incarnation
        """;

    // A number that a silo had after the backup was made: it may still live, and must not be taken for the new one.
    private const string PassSql = """
        SELECT setval(pg_get_serial_sequence('silo_incarnation', 'incarnation'), $1)
        WHERE $1 > (SELECT COALESCE(max(incarnation), 0) FROM silo_incarnation)
        """;

    private const string OpenSql = """
        INSERT INTO silo_incarnation (cluster, silo, opened_at, life, alone) VALUES ($1, $2, $3, $4, $5)
        RETURNING incarnation
        """;

    private const string GrantSql = "INSERT INTO silo_lease VALUES ($1, clock_timestamp(), clock_timestamp() + $2)";

    private const string ForgetSql = """
        WITH gone AS (DELETE FROM silo_incarnation WHERE fenced AND incarnation <= $1 RETURNING incarnation)
        DELETE FROM silo_lease WHERE incarnation IN (SELECT incarnation FROM gone)
        """;

    /// <summary>Opens an incarnation.</summary>
    /// <param name="connection">A connection of its own.</param>
    /// <param name="owner">Whose.</param>
    /// <param name="after">A number that is not given again.</param>
    /// <param name="clock">The grid's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">One lives that it cannot live with; the message names the key.</exception>
    /// <exception cref="PostgresException">An earlier one did not let go of its lock.</exception>
    public static async Task<Incarnation> OpenAsync(
        NpgsqlConnection connection,
        StoreOwner owner,
        long after,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        Dictionary<long, double> seen = [];
        int attempt = 1;
        while (true)
        {
            try
            {
                (Incarnation? opened, TimeSpan wait) =
                    await TryOpenAsync(connection, owner, after, seen, clock, cancellationToken).ConfigureAwait(false);
                await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
                if (opened is not null)
                {
                    return opened;
                }
            }
            catch (PostgresException e) when (
                e.SqlState == PostgresErrorCodes.LockNotAvailable && attempt++ < Attempts)
            {
                // It began a transaction after its sessions were ended: they are ended again.
            }
        }
    }

    /// <summary>
    /// Begins the life, or only says how long to wait before the next attempt: until a rival's lease is over, or was
    /// prolonged, which shows that it lives.
    /// </summary>
    private static async Task<(Incarnation? Opened, TimeSpan Wait)> TryOpenAsync(
        NpgsqlConnection connection,
        StoreOwner owner,
        long after,
        Dictionary<long, double> seen,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await PostgreSqlSchema.ExecuteAsync(connection, PostgreSqlSchema.Lock, cancellationToken)
                .ConfigureAwait(false);
            List<Rival> rivals = await FindRivalsAsync(connection, owner, cancellationToken).ConfigureAwait(false);
            TimeSpan wait = Judge(rivals, owner, seen);
            if (wait > TimeSpan.Zero)
            {
                return (null, wait);
            }

            long[] numbers = [.. rivals.Select(static rival => rival.Number)];
            object? store = await LifeFence.ReadStoreAsync(connection, cancellationToken).ConfigureAwait(false);
            foreach (long number in numbers)
            {
                await LifeFence.EndSessionsAsync(connection, store, number, cancellationToken).ConfigureAwait(false);
            }

            await PostgreSqlSchema.ExecuteAsync(connection, "SET LOCAL lock_timeout = '1s'", cancellationToken)
                .ConfigureAwait(false);
            await ExecuteAsync(
                connection, "UPDATE silo_incarnation SET fenced = true WHERE incarnation = ANY($1)", numbers)
                .ConfigureAwait(false);
            await ExecuteAsync(connection, PassSql, after).ConfigureAwait(false);
            Incarnation opened = await InsertAsync(connection, owner, store, clock).ConfigureAwait(false);
            TimeSpan left = await LifeFence.ReadLeaseAsync(connection, numbers, cancellationToken)
                .ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return (opened, left);
        }
    }

    private static async Task<Incarnation> InsertAsync(
        NpgsqlConnection connection, StoreOwner owner, object? store, TimeProvider clock)
    {
        NpgsqlCommand open = Incarnation.Command(
            connection, OpenSql, owner.Cluster, owner.Silo, UnixMicroseconds.Now(clock),
            owner.Life ?? (object)DBNull.Value, owner.IsAlone);
        await using (open.ConfigureAwait(false))
        {
            long number = (long)(await open.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
            await ExecuteAsync(connection, ForgetSql, number - Remembered).ConfigureAwait(false);
            if (owner.Lease > TimeSpan.Zero)
            {
                await ExecuteAsync(connection, GrantSql, number, owner.Lease).ConfigureAwait(false);
            }

            return new Incarnation(number, Incarnation.SessionName(store, number, owner.Silo));
        }
    }

    /// <summary>
    /// How long to wait for those whose lease is not over; zero where all may be fenced now. One that did not prolong
    /// it in that time is dead, whatever the server's clock did.
    /// </summary>
    private static TimeSpan Judge(List<Rival> rivals, StoreOwner owner, Dictionary<long, double> seen)
    {
        double wait = 0;
        foreach (Rival rival in rivals.Where(rival => rival.Left > 0 && !rival.GivesWayTo(owner)))
        {
            if (!seen.TryGetValue(rival.Number, out double until))
            {
                seen.Add(rival.Number, rival.Until);
                wait = Math.Max(wait, rival.Left);
            }
            else if (rival.Until > until)
            {
                throw new TwinGridException(rival.Refusal(owner));
            }
        }

        return TimeSpan.FromSeconds(wait);
    }

    private static async Task<List<Rival>> FindRivalsAsync(
        NpgsqlConnection connection, StoreOwner owner, CancellationToken cancellationToken)
    {
        List<Rival> rivals = [];
        NpgsqlCommand find = Incarnation.Command(connection, RivalsSql, owner.Cluster, owner.Silo, owner.IsAlone);
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    rivals.Add(new Rival(
                        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetDouble(4),
                        row.GetDouble(5)));
                }
            }
        }

        return rivals;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        NpgsqlCommand command = Incarnation.Command(connection, sql, values);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>A life that was not fenced and that the new one cannot live with.</summary>
    /// <param name="Number">Its incarnation.</param>
    /// <param name="Cluster">Its cluster.</param>
    /// <param name="Silo">Its silo's name.</param>
    /// <param name="IsAlone">Whether it is alone in its cluster.</param>
    /// <param name="Left">How long its lease lasts, seconds.</param>
    /// <param name="Until">When it ends, by the server's clock: later than it was where it was prolonged.</param>
    private sealed record Rival(long Number, string Cluster, string Silo, bool IsAlone, double Left, double Until)
    {
        public bool GivesWayTo(StoreOwner owner) => IsAlone && owner.IsAlone && Cluster == owner.Cluster;

        public string Refusal(StoreOwner owner) => Cluster != owner.Cluster
            ? $"The silo '{Silo}' of the cluster '{Cluster}' is at work in this database: two clusters cannot share "
                + "one. Name another database, or another Search Path, in TwinGrid:Storage:ConnectionString, or give "
                + "this silo its TwinGrid:Cluster:ClusterId."
            : IsAlone != owner.IsAlone
            ? $"The silo '{Silo}' is at work in this database {(IsAlone ? "alone" : "as one of a cluster")}: give "
                + "both the same TwinGrid:Cluster:Membership."
            : $"A silo named '{Silo}' is at work in this cluster: give each its own TwinGrid:Cluster:SiloName.";
    }
}
