using Npgsql;
using TwinGrid.FaultTests.Processes;
using TwinGrid.Storage.Log;

namespace TwinGrid.FaultTests.Mutants;

/// <summary>
/// Makes stored snapshots claim one turn more than they hold, so that a recovery begins one turn too late. Only while
/// no silo runs.
/// </summary>
internal static class SnapshotForgery
{
    // Where a stored state has its own revision: after its form (one byte) and its kind's revision (four).
    private const int RevisionAt = 5;

    private const string FindSql = """
        SELECT s.twin_id, w.kind, w.key, s.revision, s.next_due, s.fold_version, s.state
        FROM twingrid.snapshot s JOIN twingrid.twin w ON w.twin_id = s.twin_id
        WHERE w.kind = 'asset' AND EXISTS (
            SELECT 1 FROM twingrid.turn t WHERE t.twin_id = s.twin_id AND t.revision = s.revision + 1)
        """;

    private const string ForgeSql = """
        UPDATE twingrid.snapshot SET revision = $2, crc = $3, state = $4 WHERE twin_id = $1
        """;

    private const string RepeatSql = "UPDATE twingrid.twin SET snapshot_revision = $2 WHERE twin_id = $1";

    /// <summary>Does it where a snapshot has turns after it.</summary>
    /// <returns>How many.</returns>
    public static async Task<int> ApplyAsync(GridDatabase database)
    {
        await using NpgsqlConnection connection = await database.OpenAsync();
        List<(long Number, StoredSnapshot Snapshot)> snapshots = [];
        await using (NpgsqlCommand find = new(FindSql, connection))
        {
            await using NpgsqlDataReader row = await find.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                snapshots.Add((row.GetInt64(0), Forged(row)));
            }
        }

        foreach ((long number, StoredSnapshot snapshot) in snapshots)
        {
            int crc = (int)LogRow.Checksum(snapshot);
            await ExecuteAsync(connection, ForgeSql, number, snapshot.Revision, crc, snapshot.State.ToArray());
            await ExecuteAsync(connection, RepeatSql, number, snapshot.Revision);
        }

        return snapshots.Count;
    }

    private static StoredSnapshot Forged(NpgsqlDataReader row)
    {
        byte[] state = row.GetFieldValue<byte[]>(6);
        long revision = row.GetInt64(3) + 1;
        BitConverter.TryWriteBytes(state.AsSpan(RevisionAt), revision);
        return new StoredSnapshot
        {
            Twin = new TwinId(row.GetString(1), row.GetString(2)),
            Revision = revision,
            NextDue = row.IsDBNull(4) ? null : row.GetInt64(4),
            FoldVersion = (byte)row.GetInt16(5),
            State = state,
        };
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync();
    }
}
