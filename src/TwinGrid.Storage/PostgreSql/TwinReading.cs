using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Reads twins' newest snapshots and the turns after them, of one moment and in one round trip.</summary>
internal static class TwinReading
{
    private const string HeadSql = """
        SELECT i.place, u.erased_before,
            COALESCE(
                (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
                u.erased_before - 1),
            s.record, s.revision, s.fold_version, s.next_due, s.crc, s.state
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i(kind, key, place)
        JOIN twin u ON u.tenant = $1 AND u.kind = i.kind AND u.key = i.key
        LEFT JOIN snapshot s ON s.twin_id = u.twin_id
        """;

    // Sealed turns that are still in the log are none of its: they can go at any moment. OFFSET 0 keeps the look-up of
    // each twin's turns by itself, whatever the planner thinks of the number of twins.
    private const string TailSql = """
        SELECT t.record, t.revision, t.time, t.fold_version, t.crc, t.inputs, i.place
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i(kind, key, place)
        JOIN twin u ON u.tenant = $1 AND u.kind = i.kind AND u.key = i.key
        LEFT JOIN snapshot s ON s.twin_id = u.twin_id
        CROSS JOIN LATERAL (
            SELECT * FROM turn t
            WHERE t.twin_id = u.twin_id AND t.revision >= u.erased_before AND t.revision > COALESCE(s.revision, 0)
            OFFSET 0) AS t
        ORDER BY i.place, t.revision
        """;

    // What has something due: a time of its own, or turns after its snapshot.
    private const string DueSql = """
        SELECT u.twin_id, u.kind, u.key FROM twin u
        WHERE u.twin_id > $1 AND (u.next_due IS NOT NULL OR COALESCE(
            (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1), 0)
            > u.snapshot_revision)
        ORDER BY u.twin_id LIMIT $2
        """;

    /// <summary>Reads some twins, in the order in which they are asked for.</summary>
    public static async Task<LoadedTwin[]> LoadAsync(
        NpgsqlConnection connection, TwinId[] twins, CancellationToken cancellationToken)
    {
        NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
                Of(HeadSql, twins),
                Of(TailSql, twins),
                new NpgsqlBatchCommand("COMMIT"),
            },
        };
        LoadedTwin[] loaded = [.. twins.Select(static twin => new LoadedTwin(twin))];
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    loaded[row.GetInt64(0) - 1].TakeHead(row);
                }

                await row.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    loaded[row.GetInt64(6) - 1].TakeTurn(row);
                }
            }
        }

        return loaded;
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

    private static NpgsqlBatchCommand Of(string sql, TwinId[] twins) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(twins, static twin => twin.Kind) },
            new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(twins, static twin => twin.Key) },
        },
    };
}
