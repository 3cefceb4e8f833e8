using Npgsql;
using NpgsqlTypes;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Puts a sealed part in the place of its single turns, in the transaction under way: its rows, then how far the twin
/// is sealed, and the single turns among what may be reclaimed.
/// </summary>
internal static class PartSealing
{
    private const string TurnsSql = """
        INSERT INTO history_turns (
            partition_id, twin_id, first_revision, last_revision, first_time, last_time, crc, record, turns, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    private const string ReadingsSql = """
        INSERT INTO history_readings (
            partition_id, twin_id, first_revision, last_revision, first_time, last_time, crc, record, readings,
            telemetry, place)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """;

    // A snapshot at the part's end or after it: recovery needs no turn that is sealed. After the rows, because a commit
    // that saves the twin's snapshot waits from here on until the transaction ends.
    private const string MoveSql = """
        UPDATE twin SET erased_before = $3 + 1
        WHERE twin_id = $1 AND erased_before = $2 AND snapshot_revision >= $3
            AND $4 = EXISTS (SELECT 1 FROM sealed s WHERE s.twin_id = $1 AND s.revision = $2 - 1)
        """;

    private const string StateSql = """
        INSERT INTO sealed (twin_id, revision, sealed_at, next_due, crc, record, fold_version, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (twin_id) DO UPDATE SET
            revision = excluded.revision, sealed_at = excluded.sealed_at, next_due = excluded.next_due,
            crc = excluded.crc, record = excluded.record, fold_version = excluded.fold_version, state = excluded.state
        """;

    private const string ReclaimSql =
        "INSERT INTO reclaim (sealed_by, twin_id, before, sealed_at) VALUES (pg_current_xact_id(), $1, $2, $3)";

    /// <summary>Writes a part whose partitions are held.</summary>
    /// <param name="connection">The transaction.</param>
    /// <param name="twin">The number of its twin.</param>
    /// <param name="part">The part.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="partitions">Their partitions.</param>
    /// <param name="now">Unix microseconds.</param>
    /// <returns>False where it does not follow what is sealed: the transaction must not be committed.</returns>
    public static async Task<bool> WriteAsync(
        NpgsqlConnection connection,
        long twin,
        SealedTurns part,
        List<(HistorySpan Span, HistoryRow Row)> rows,
        Dictionary<HistorySpan, long> partitions,
        long now)
    {
        NpgsqlBatch insert = new(connection);
        await using (insert.ConfigureAwait(false))
        {
            for (int place = 0; place < rows.Count; place++)
            {
                (HistorySpan span, HistoryRow row) = rows[place];
                insert.BatchCommands.Add(Insert(partitions[span], twin, part.Twin, row, place));
            }

            await insert.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }

        await PartitionListing.AddAsync(connection, twin, part.Twin, rows.ToLookup(
            row => partitions[row.Span], static row => row.Row)).ConfigureAwait(false);
        long last = part.Turns[^1].Revision;
        NpgsqlBatch move = new(connection)
        {
            BatchCommands =
            {
                Command(MoveSql, twin, part.Turns[0].Revision, last),
                State(twin, part.End, now),
                Command(ReclaimSql, twin, last + 1, now),
            },
        };
        await using (move.ConfigureAwait(false))
        {
            move.BatchCommands[0].Parameters.Add(
                new NpgsqlParameter<bool> { TypedValue = rows[0].Row.State is not null });
            await move.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
            return move.BatchCommands[0].RecordsAffected == 1;
        }
    }

    private static NpgsqlBatchCommand Insert(long partition, long number, TwinId twin, HistoryRow row, int place)
    {
        NpgsqlBatchCommand command = Command(
            row.Telemetry is null ? TurnsSql : ReadingsSql,
            partition, number, row.FirstRevision, row.LastRevision, row.FirstTime, row.LastTime);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)row.Checksum(twin) });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = HistoryRow.Version });
        command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = row.Packed });
        if (row.Telemetry is { } telemetry)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = telemetry });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = place });
        }
        else
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                NpgsqlDbType = NpgsqlDbType.Bytea,
                Value = (object?)row.State ?? DBNull.Value,
            });
        }

        return command;
    }

    private static NpgsqlBatchCommand State(long twin, StoredSnapshot state, long now)
    {
        NpgsqlBatchCommand command = Command(StateSql, twin, state.Revision, now);
        command.Parameters.Add(new NpgsqlParameter<long?> { TypedValue = state.NextDue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = (int)LogRow.Checksum(state) });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = LogRow.Version });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = state.FoldVersion });
        command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = state.State });
        return command;
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<long> numbers)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlBatchCommand command = new(sql);
#pragma warning restore CA2100
        foreach (long number in numbers)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        }

        return command;
    }
}
