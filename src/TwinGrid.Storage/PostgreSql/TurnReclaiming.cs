using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Takes sealed turns from the log. Until then they are what a stale activation's turns of the same revisions collide
/// with: a transaction that looked at the head before they were committed may still be under way, as COPY of a silo
/// that sleeps. It began before the part was sealed, so turns go only when every transaction that did has ended.
/// Later ones find the head behind them: turns after them, or the twin's erased_before.
/// </summary>
internal static class TurnReclaiming
{
    /// <summary>Parts of one step.</summary>
    private const int StepParts = 4;

    /// <summary>
    /// For so long they stay at least: a silo whose commit was not answered looks for its turns in the log.
    /// </summary>
    private const long LeastStay = 60 * UnixMicroseconds.PerSecond;

    // Whoever commits takes its number of transaction (xid) with the lock of its incarnation, before it looks at a
    // head. Numbers that were not given yet come from the server that a dump was made of.
    private const string TakeSql = """
        WITH next AS MATERIALIZED (
            SELECT sealed_by, twin_id FROM reclaim
            WHERE sealed_at <= $1 AND (
                sealed_by < pg_snapshot_xmin(pg_current_snapshot())
                OR sealed_by >= pg_snapshot_xmax(pg_current_snapshot()))
            ORDER BY sealed_by, twin_id LIMIT $2 FOR UPDATE SKIP LOCKED)
        DELETE FROM reclaim r USING next WHERE r.sealed_by = next.sealed_by AND r.twin_id = next.twin_id
        RETURNING r.twin_id, r.before
        """;

    private const string DeleteSql = "DELETE FROM turn WHERE twin_id = $1 AND revision < $2";

    /// <summary>Makes one step in the transaction under way.</summary>
    /// <returns>False where there was nothing to do.</returns>
    public static async Task<bool> RunAsync(NpgsqlConnection connection, long now)
    {
        List<(long Twin, long Before)> parts = await TakeAsync(connection, now).ConfigureAwait(false);
        if (parts.Count == 0)
        {
            return false;
        }

        NpgsqlBatch delete = new(connection);
        await using (delete.ConfigureAwait(false))
        {
            foreach ((long twin, long before) in parts)
            {
                delete.BatchCommands.Add(new NpgsqlBatchCommand(DeleteSql)
                {
                    Parameters =
                    {
                        new NpgsqlParameter<long> { TypedValue = twin },
                        new NpgsqlParameter<long> { TypedValue = before },
                    },
                });
            }

            await delete.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }

        return true;
    }

    private static async Task<List<(long Twin, long Before)>> TakeAsync(NpgsqlConnection connection, long now)
    {
        List<(long, long)> parts = [];
        NpgsqlCommand take = new(TakeSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = now - LeastStay },
                new NpgsqlParameter<long> { TypedValue = StepParts },
            },
        };
        await using (take.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await take.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    parts.Add((row.GetInt64(0), row.GetInt64(1)));
                }
            }
        }

        return parts;
    }
}
