using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Saves snapshots in the transaction under way: of a twin the newest stays, and none of a revision that the log lacks.
/// </summary>
internal static class SnapshotSaving
{
    private const int SliceBytes = 16 * 1024 * 1024;

    private const string SaveSql = $"""
        WITH saved AS (
            INSERT INTO snapshot (twin_id, revision, next_due, crc, record, fold_version, state)
            SELECT u.twin_id, u.revision, u.next_due, u.crc, $7, u.fold_version, u.state
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::smallint[], $6::bytea[])
                AS u(twin_id, revision, next_due, crc, fold_version, state)
            WHERE u.revision <= {TurnCopy.HeadSql}
            ON CONFLICT (twin_id) DO UPDATE SET
                revision = excluded.revision, next_due = excluded.next_due, crc = excluded.crc,
                record = excluded.record, fold_version = excluded.fold_version, state = excluded.state
            WHERE (excluded.revision, excluded.fold_version) > (snapshot.revision, snapshot.fold_version)
            RETURNING twin_id, revision, next_due)
        UPDATE twin SET snapshot_revision = saved.revision, next_due = saved.next_due
        FROM saved WHERE twin.twin_id = saved.twin_id
        """;

    /// <summary>Saves snapshots of different twins.</summary>
    /// <returns>How many were saved, and about how many bytes.</returns>
    public static async Task<(int Saved, long Bytes)> RunAsync(
        NpgsqlConnection connection, List<(long Number, StoredSnapshot Snapshot)> snapshots)
    {
        int saved = 0;
        long bytes = 0;
        for (int from = 0; from < snapshots.Count;)
        {
            int to = from;
            long size = 0;
            while (to < snapshots.Count && (to == from || size < SliceBytes))
            {
                size += snapshots[to++].Snapshot.State.Length;
            }

            int written = await SaveAsync(connection, snapshots[from..to]).ConfigureAwait(false);
            bytes += written * size / (to - from);
            saved += written;
            from = to;
        }

        return (saved, bytes);
    }

    private static async Task<int> SaveAsync(
        NpgsqlConnection connection, List<(long Number, StoredSnapshot Snapshot)> slice)
    {
        NpgsqlCommand save = new(SaveSql, connection)
        {
            Parameters =
            {
                Array(slice, static s => s.Number),
                Array(slice, static s => s.Snapshot.Revision),
                Array(slice, static s => s.Snapshot.NextDue),
                Array(slice, static s => (int)LogRow.Checksum(s.Snapshot)),
                Array(slice, static s => (short)s.Snapshot.FoldVersion),
                Array(slice, static s => s.Snapshot.State),
                new NpgsqlParameter<short> { TypedValue = LogRow.Version },
            },
        };
        await using (save.ConfigureAwait(false))
        {
            return await save.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static NpgsqlParameter<T[]> Array<T>(
        List<(long Number, StoredSnapshot Snapshot)> slice, Func<(long Number, StoredSnapshot Snapshot), T> column) =>
        new() { TypedValue = [.. slice.Select(column)] };
}
