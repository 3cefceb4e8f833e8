using Npgsql;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The list of what each partition has of a twin. It changes in the transaction that seals, so that at one moment it
/// says exactly what there is.
/// </summary>
internal static class PartitionListing
{
    private const string OwnSql = """
        SELECT p.partition_id, i.twin_id IS NOT NULL, i.contents FROM history_partition p
        LEFT JOIN sealed_in i ON i.partition_id = p.partition_id AND i.twin_id = $1
        WHERE p.listed AND p.partition_id = ANY($2)
        """;

    // An erasing that comes now waits for it, and one that came before is seen.
    private const string LockSql = "SELECT 1 FROM sealed_in WHERE twin_id = $1 AND partition_id = ANY($2) FOR UPDATE";

    // What is listed of partitions that were dropped goes with the next part.
    private const string SaveSql = """
        INSERT INTO sealed_in (twin_id, partition_id, contents)
        SELECT $1, u.partition_id, u.contents FROM unnest($2::bigint[], $3::bytea[]) AS u(partition_id, contents)
        ON CONFLICT (twin_id, partition_id) DO UPDATE SET contents = excluded.contents
        """;

    private const string DroppedSql = """
        DELETE FROM sealed_in i WHERE i.twin_id = $1
            AND NOT EXISTS (SELECT 1 FROM history_partition p WHERE p.partition_id = i.partition_id)
        """;

    private const string OfTwinSql = """
        SELECT i.twin_id, i.partition_id, i.contents FROM twin u
        JOIN sealed_in i ON i.twin_id = u.twin_id
        JOIN history_partition p ON p.partition_id = i.partition_id AND p.listed
        WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3 AND i.contents IS NOT NULL
        """;

    private const string CountSql = """
        SELECT partition_id, count(*) FROM history_readings
        WHERE twin_id = $1 AND telemetry = $2 AND partition_id = ANY($3) GROUP BY partition_id
        """;

    /// <summary>Lists the rows of a part that were inserted in the transaction under way.</summary>
    public static async Task AddAsync(
        NpgsqlConnection connection, long number, TwinId twin, ILookup<long, HistoryRow> rows)
    {
        long[] partitions = [.. rows.Select(static own => own.Key)];
        await RunAsync(connection, LockSql, number, partitions).ConfigureAwait(false);
        Dictionary<long, PartitionContents> listed = [];
        NpgsqlCommand own = Command(connection, OwnSql, number, partitions);
        await using (own.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await own.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    bool isThere = row.GetBoolean(1);
                    if (!isThere || !row.IsDBNull(2))
                    {
                        listed[row.GetInt64(0)] = isThere
                            ? PartitionContents.Unpack(twin, row.GetFieldValue<byte[]>(2))
                            : new PartitionContents();
                    }
                }
            }
        }

        foreach ((long partition, PartitionContents contents) in listed)
        {
            contents.Add(rows[partition]);
        }

        NpgsqlCommand save = Command(connection, SaveSql, number, [.. listed.Keys]);
        await using (save.ConfigureAwait(false))
        {
            save.Parameters.Add(new NpgsqlParameter<byte[][]>
            {
                TypedValue = [.. listed.Values.Select(contents => contents.Pack(twin))],
            });
            await save.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }

        await RunAsync(connection, DroppedSql, number).ConfigureAwait(false);
    }

    /// <summary>Looks for blocks of a telemetry that are listed in a range and are not there, at one moment.</summary>
    /// <returns>How many are missing, and of how many; null where none is.</returns>
    public static async Task<(long Missing, long All)?> FindMissingAsync(
        NpgsqlConnection connection,
        TwinId twin,
        string telemetry,
        (long From, long To) range,
        CancellationToken cancellationToken)
    {
        (long number, Dictionary<long, long> listed) = await ReadAsync(
            connection, twin, telemetry, range, cancellationToken).ConfigureAwait(false);
        if (listed.Count == 0)
        {
            return null;
        }

        long all = listed.Values.Sum();
        NpgsqlCommand count = new(CountSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = number },
                new NpgsqlParameter<string> { TypedValue = telemetry },
                new NpgsqlParameter<long[]> { TypedValue = [.. listed.Keys] },
            },
        };
        await using (count.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await count.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    listed[row.GetInt64(0)] -= row.GetInt64(1);
                }
            }
        }

        long missing = listed.Values.Sum(static left => Math.Max(0, left));
        return missing == 0 ? null : (missing, all);
    }

    private static async Task<(long Number, Dictionary<long, long> Listed)> ReadAsync(
        NpgsqlConnection connection,
        TwinId twin,
        string telemetry,
        (long From, long To) range,
        CancellationToken cancellationToken)
    {
        long number = 0;
        Dictionary<long, long> listed = [];
        NpgsqlCommand read = new(OfTwinSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
                new NpgsqlParameter<string> { TypedValue = twin.Kind },
                new NpgsqlParameter<string> { TypedValue = twin.Key },
            },
        };
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    number = row.GetInt64(0);
                    PartitionContents contents = PartitionContents.Unpack(twin, row.GetFieldValue<byte[]>(2));
                    if (contents.Of(telemetry) is { } rows && rows.ReachInto(range.From, range.To))
                    {
                        listed[row.GetInt64(1)] = rows.Rows;
                    }
                }
            }
        }

        return (number, listed);
    }

    private static async Task RunAsync(
        NpgsqlConnection connection, string sql, long number, long[]? partitions = null)
    {
        NpgsqlCommand command = Command(connection, sql, number, partitions);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string sql, long number, long[]? partitions)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        if (partitions is not null)
        {
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = partitions });
        }

        return command;
    }
}
