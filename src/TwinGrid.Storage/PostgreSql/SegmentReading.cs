using Npgsql;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Finds sealed turns in whatever partition they are.</summary>
internal static class SegmentReading
{
    private const string Columns =
        "record, first_revision, last_revision, first_time, last_time, crc, turns, state";

    private const string ByRevisionSql = $"""
        SELECT {Columns} FROM (
            SELECT * FROM history_turns WHERE twin_id = $1 AND first_revision <= $2
            ORDER BY first_revision DESC LIMIT 1) AS h
        WHERE h.last_revision >= $2
        """;

    private const string ByTimeSql = $"""
        SELECT {Columns} FROM history_turns WHERE twin_id = $1 AND first_time <= $2
        ORDER BY first_revision DESC LIMIT 1
        """;

    private const string OldestSql = """
        SELECT first_revision, first_time FROM history_turns WHERE twin_id = $1 ORDER BY first_revision LIMIT 1
        """;

    /// <summary>The segment with a revision's turn; null where none is kept.</summary>
    public static Task<HistoryRow?> FindAsync(
        NpgsqlConnection connection, TwinId twin, long number, long revision, CancellationToken cancellationToken) =>
        FindAsync(connection, ByRevisionSql, twin, number, revision, cancellationToken);

    /// <summary>The last segment with a turn at or before a time; null where none is kept.</summary>
    public static Task<HistoryRow?> FindAtAsync(
        NpgsqlConnection connection, TwinId twin, long number, long time, CancellationToken cancellationToken) =>
        FindAsync(connection, ByTimeSql, twin, number, time, cancellationToken);

    /// <summary>The first revision of the oldest segment that is kept, and its time; null where none is.</summary>
    public static async Task<(long Revision, long Time)?> FindOldestAsync(
        NpgsqlConnection connection, long number, CancellationToken cancellationToken)
    {
        NpgsqlCommand find = new(OldestSql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = number } },
        };
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                return await row.ReadAsync(cancellationToken).ConfigureAwait(false)
                    ? (row.GetInt64(0), row.GetInt64(1))
                    : null;
            }
        }
    }

    private static async Task<HistoryRow?> FindAsync(
        NpgsqlConnection connection,
        string sql,
        TwinId twin,
        long number,
        long wanted,
        CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand find = new(sql, connection)
#pragma warning restore CA2100
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = number },
                new NpgsqlParameter<long> { TypedValue = wanted },
            },
        };
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                if (!await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    return null;
                }

                HistoryRow segment = new(
                    null,
                    row.GetInt64(1),
                    row.GetInt64(2),
                    row.GetInt64(3),
                    row.GetInt64(4),
                    row.GetFieldValue<byte[]>(6),
                    row.IsDBNull(7) ? null : row.GetFieldValue<byte[]>(7));
                segment.EnsureIntact(row.GetInt16(0), (uint)row.GetInt32(5), twin);
                return segment;
            }
        }
    }
}
