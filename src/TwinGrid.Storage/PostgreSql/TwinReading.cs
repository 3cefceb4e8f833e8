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
        NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
                Of(HeadSql, twin),
                Of(TailSql, twin),
                new NpgsqlBatchCommand("COMMIT"),
            },
        };
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                return await ReadAsync(row, twin, cancellationToken).ConfigureAwait(false);
            }
        }
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

    private static async Task<StoredTwin> ReadAsync(
        NpgsqlDataReader row, TwinId twin, CancellationToken cancellationToken)
    {
        if (!await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return new StoredTwin(null, []);
        }

        long erasedBefore = row.GetInt64(0);
        long head = row.GetInt64(1);
        StoredSnapshot? snapshot = await row.IsDBNullAsync(2, cancellationToken).ConfigureAwait(false)
            ? null
            : Snapshot(row, twin, 2);
        if (snapshot?.Revision > head)
        {
            throw LogRow.Missing(twin, snapshot.Revision);
        }

        List<TwinTurn> tail = [];
        long next = Math.Max(erasedBefore, (snapshot?.Revision ?? 0) + 1);
        await row.NextResultAsync(cancellationToken).ConfigureAwait(false);
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            tail.Add(Turn(row, twin, next++));
        }

        return next > head ? new StoredTwin(snapshot, tail) : throw LogRow.Missing(twin, next);
    }

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

    private static NpgsqlBatchCommand Of(string sql, TwinId twin) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            new NpgsqlParameter<string> { TypedValue = twin.Kind },
            new NpgsqlParameter<string> { TypedValue = twin.Key },
        },
    };
}
