using Npgsql;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Reads sealed readings from whatever partitions they are in.</summary>
internal static class BlockReading
{
    private const int PageBlocks = 64;

    // From one name to the next: a twin has few names and many blocks.
    private const string TelemetrySql = """
        WITH RECURSIVE known AS (
            (SELECT twin_id, telemetry, first_time FROM history_readings
             WHERE twin_id = (SELECT twin_id FROM twin WHERE tenant = $1 AND kind = $2 AND key = $3)
             ORDER BY telemetry, first_time LIMIT 1)
            UNION ALL
            SELECT next.* FROM known, LATERAL (
                SELECT r.twin_id, r.telemetry, r.first_time FROM history_readings r
                WHERE r.twin_id = known.twin_id AND r.telemetry > known.telemetry
                ORDER BY r.telemetry, r.first_time LIMIT 1) next)
        SELECT telemetry, first_time FROM known
        """;

    // What starts before the range may reach into it, so it is read from the oldest on, in the index alone.
    private const string BlocksSql = """
        SELECT record, first_revision, last_revision, first_time, last_time, crc, readings, place
        FROM history_readings
        WHERE twin_id = (SELECT twin_id FROM twin WHERE tenant = $1 AND kind = $2 AND key = $3)
            AND telemetry = $4 AND last_time >= $5 AND first_time < $6 AND last_revision <= $7
            AND (first_time, first_revision, place) > ($8, $9, $10)
        ORDER BY first_time, first_revision, place LIMIT $11
        """;

    /// <summary>Where a page ended.</summary>
    internal readonly record struct Place(long FirstTime, long FirstRevision, int Row)
    {
        /// <summary>Before all blocks.</summary>
        public static Place Beginning => new(long.MinValue, long.MinValue, int.MinValue);
    }

    /// <summary>The telemetry of a twin that has sealed readings.</summary>
    public static async Task<IReadOnlyList<SealedTelemetry>> ReadTelemetryAsync(
        NpgsqlConnection connection, TwinId twin, CancellationToken cancellationToken)
    {
        List<SealedTelemetry> known = [];
        NpgsqlCommand read = Command(connection, TelemetrySql, twin);
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    known.Add(new SealedTelemetry(row.GetString(0), row.GetInt64(1)));
                }
            }
        }

        return known;
    }

    /// <summary>The next blocks of one telemetry that reach into a range; null behind them for the last.</summary>
    /// <exception cref="TwinGridException">One is damaged.</exception>
    public static async Task<(List<SealedBlock> Blocks, Place? Last)> ReadAsync(
        NpgsqlConnection connection,
        TwinId twin,
        string telemetry,
        (long From, long To) range,
        long through,
        Place after,
        CancellationToken cancellationToken)
    {
        List<SealedBlock> blocks = [];
        Place last = after;
        NpgsqlCommand read = Command(connection, BlocksSql, twin);
        read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = telemetry });
        foreach (long number in (long[])[range.From, range.To, through, after.FirstTime, after.FirstRevision])
        {
            read.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        }

        read.Parameters.Add(new NpgsqlParameter<int> { TypedValue = after.Row });
        read.Parameters.Add(new NpgsqlParameter<long> { TypedValue = PageBlocks });
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    HistoryRow block = new(
                        telemetry,
                        row.GetInt64(1),
                        row.GetInt64(2),
                        row.GetInt64(3),
                        row.GetInt64(4),
                        row.GetFieldValue<byte[]>(6));
                    block.EnsureIntact(row.GetInt16(0), (uint)row.GetInt32(5), twin);
                    blocks.Add(block.Block());
                    last = new Place(block.FirstTime, block.FirstRevision, row.GetInt32(7));
                }
            }
        }

        return (blocks, blocks.Count == PageBlocks ? last : null);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, TwinId twin)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = twin.Kind });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = twin.Key });
        return command;
    }
}
