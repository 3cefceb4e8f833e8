using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Reads a twin's newest snapshot and the turns after it, of one moment and in one round trip.</summary>
internal static class TwinReading
{
    private const string HeadSql = """
        SELECT u.erased_before,
            COALESCE(
                (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
                u.erased_before - 1),
            s.record, s.revision, s.fold_version, s.next_due, s.crc, s.state
        FROM twin u LEFT JOIN snapshot s ON s.twin_id = u.twin_id
        WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3
        """;

    // Sealed turns that are still in the log are none of its: they can go at any moment.
    private const string TailSql = """
        SELECT t.record, t.revision, t.time, t.fold_version, t.crc, t.inputs
        FROM turn t JOIN twin w ON w.twin_id = t.twin_id AND t.revision >= w.erased_before
        WHERE w.tenant = $1 AND w.kind = $2 AND w.key = $3
            AND t.revision > COALESCE((
                SELECT s.revision FROM snapshot s JOIN twin u ON s.twin_id = u.twin_id
                WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3), 0)
        ORDER BY t.revision
        """;

    // The same for many twins. Each is looked up by itself, by subqueries that cannot become a join with whole tables.
    private const string HeadsSql = """
        SELECT h.erased_before,
            COALESCE(
                (SELECT t.revision FROM turn t WHERE t.twin_id = h.twin_id ORDER BY t.revision DESC LIMIT 1),
                h.erased_before - 1),
            s.record, s.revision, s.fold_version, s.next_due, s.crc, s.state, u.place
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS u(kind, key, place)
        CROSS JOIN LATERAL (
            SELECT w.twin_id, w.erased_before FROM twin w
            WHERE w.tenant = $1 AND w.kind = u.kind AND w.key = u.key OFFSET 0) AS h
        LEFT JOIN LATERAL (SELECT * FROM snapshot p WHERE p.twin_id = h.twin_id OFFSET 0) AS s ON true
        """;

    private const string TailsSql = """
        SELECT t.record, t.revision, t.time, t.fold_version, t.crc, t.inputs, u.place
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS u(kind, key, place)
        CROSS JOIN LATERAL (
            SELECT w.twin_id, GREATEST(w.erased_before, COALESCE(
                (SELECT p.revision FROM snapshot p WHERE p.twin_id = w.twin_id), 0) + 1) AS first
            FROM twin w WHERE w.tenant = $1 AND w.kind = u.kind AND w.key = u.key OFFSET 0) AS h
        CROSS JOIN LATERAL (
            SELECT * FROM turn r WHERE r.twin_id = h.twin_id AND r.revision >= h.first OFFSET 0) AS t
        ORDER BY u.place, t.revision
        """;

    // What has something due: a time of its own, or turns after its snapshot.
    private const string DueSql = """
        SELECT u.twin_id, u.kind, u.key FROM twin u
        WHERE u.twin_id > $1 AND (u.next_due IS NOT NULL OR COALESCE(
            (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1), 0)
            > u.snapshot_revision)
        ORDER BY u.twin_id LIMIT $2
        """;

    /// <summary>Reads a twin.</summary>
    /// <exception cref="TwinGridException">A row is damaged or missing.</exception>
    public static async Task<StoredTwin> LoadAsync(
        NpgsqlConnection connection, TwinId twin, CancellationToken cancellationToken)
    {
        NpgsqlBatch batch = AtOneMoment(connection, Of(HeadSql, twin), Of(TailSql, twin));
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                Head? head = await row.ReadAsync(cancellationToken).ConfigureAwait(false)
                    ? HeadOf(row, twin)
                    : null;
                await row.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    head?.Add(row);
                }

                return head?.ToStored() ?? new StoredTwin(null, []);
            }
        }
    }

    /// <summary>Reads many twins, of one moment and in one round trip.</summary>
    /// <exception cref="TwinGridException">A row of one of them is damaged or missing.</exception>
    public static async Task<StoredTwin[]> LoadAsync(NpgsqlConnection connection, TwinId[] twins)
    {
        Head?[] heads = new Head?[twins.Length];
        NpgsqlBatch batch = AtOneMoment(connection, Of(HeadsSql, twins), Of(TailsSql, twins));
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync().ConfigureAwait(false))
                {
                    int place = (int)row.GetInt64(8) - 1;
                    heads[place] = HeadOf(row, twins[place]);
                }

                await row.NextResultAsync().ConfigureAwait(false);
                while (await row.ReadAsync().ConfigureAwait(false))
                {
                    heads[(int)row.GetInt64(6) - 1]!.Add(row);
                }
            }
        }

        return Array.ConvertAll(heads, static head => head?.ToStored() ?? new StoredTwin(null, []));
    }

    /// <summary>The next twins after a number that have something due, in the order of their numbers.</summary>
    public static async Task<List<(long Number, TwinId Twin)>> ReadDueAsync(
        NpgsqlConnection connection, long after, int limit, CancellationToken cancellationToken)
    {
        NpgsqlCommand due = new(DueSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = after },
                new NpgsqlParameter<long> { TypedValue = limit },
            },
        };
        List<(long, TwinId)> page = [];
        await using (due.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await due.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    page.Add((row.GetInt64(0), new TwinId(row.GetString(1), row.GetString(2))));
                }
            }
        }

        return page;
    }

    private static Head HeadOf(NpgsqlDataReader row, TwinId twin) =>
        new(twin, row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : Snapshot(row, twin, 2));

    /// <summary>The state in six columns from one on: record, revision, fold_version, next_due, crc, state.</summary>
    public static StoredSnapshot Snapshot(NpgsqlDataReader row, TwinId twin, int at)
    {
        StoredSnapshot snapshot = new()
        {
            Twin = twin,
            Revision = row.GetInt64(at + 1),
            FoldVersion = (byte)row.GetInt16(at + 2),
            NextDue = row.IsDBNull(at + 3) ? null : row.GetInt64(at + 3),
            State = row.GetFieldValue<byte[]>(at + 5),
        };
        LogRow.EnsureReadable(row.GetInt16(at), twin, snapshot.Revision);
        LogRow.EnsureIntact(
            (uint)row.GetInt32(at + 4), LogRow.Checksum(snapshot), "snapshot", twin, snapshot.Revision);
        return snapshot;
    }

    /// <summary>The turn in six columns: record, revision, time, fold_version, crc, inputs.</summary>
    /// <exception cref="TwinGridException">It is damaged, or another than the expected one.</exception>
    public static TwinTurn Turn(NpgsqlDataReader row, TwinId twin, long expected)
    {
        long revision = row.GetInt64(1);
        if (revision != expected)
        {
            throw LogRow.Missing(twin, expected);
        }

        LogRow.EnsureReadable(row.GetInt16(0), twin, revision);
        TwinTurn turn = new()
        {
            Twin = twin,
            Revision = revision,
            Time = row.GetInt64(2),
            FoldVersion = (byte)row.GetInt16(3),
            Inputs = row.GetFieldValue<byte[]>(5),
        };
        LogRow.EnsureIntact((uint)row.GetInt32(4), LogRow.Checksum(turn), "turn", twin, revision);
        return turn;
    }

    private static NpgsqlBatch AtOneMoment(
        NpgsqlConnection connection, NpgsqlBatchCommand heads, NpgsqlBatchCommand tails) => new(connection)
    {
        BatchCommands =
        {
            new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            heads,
            tails,
            new NpgsqlBatchCommand("COMMIT"),
        },
    };

    private static NpgsqlBatchCommand Of(string sql, TwinId twin) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            new NpgsqlParameter<string> { TypedValue = twin.Kind },
            new NpgsqlParameter<string> { TypedValue = twin.Key },
        },
    };

    private static NpgsqlBatchCommand Of(string sql, TwinId[] twins) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(twins, static twin => twin.Kind) },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(twins, static twin => twin.Key) },
        },
    };

    /// <summary>What is read of one twin: where its log begins and ends, its snapshot, its turns in order.</summary>
    private sealed class Head
    {
        private readonly TwinId _twin;
        private readonly long _head;
        private readonly StoredSnapshot? _snapshot;
        private readonly List<TwinTurn> _tail = [];
        private long _next;

        public Head(TwinId twin, long erasedBefore, long head, StoredSnapshot? snapshot)
        {
            if (snapshot?.Revision > head)
            {
                throw LogRow.Missing(twin, snapshot.Revision);
            }

            (_twin, _head, _snapshot) = (twin, head, snapshot);
            _next = Math.Max(erasedBefore, (snapshot?.Revision ?? 0) + 1);
        }

        public void Add(NpgsqlDataReader row) => _tail.Add(Turn(row, _twin, _next++));

        public StoredTwin ToStored() =>
            _next > _head ? new StoredTwin(_snapshot, _tail) : throw LogRow.Missing(_twin, _next);
    }
}
