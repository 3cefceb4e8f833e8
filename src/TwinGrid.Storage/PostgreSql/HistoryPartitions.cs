using System.Globalization;
using Npgsql;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The partitions of sealed history: two tables for each span of time, made when something is first put there and
/// dropped as a whole. Whoever writes into one holds its row, so that nobody drops it meanwhile.
/// </summary>
internal static class HistoryPartitions
{
    private const string FindSql = """
        SELECT p.keep, p.begins, p.ends, p.partition_id
        FROM unnest($1::bigint[], $2::bigint[]) AS u(keep, begins)
        JOIN history_partition p ON p.keep = u.keep AND p.begins = u.begins
        FOR KEY SHARE OF p
        """;

    // Of two that make the same one, the second waits here for the first and then makes none.
    private const string AddSql = """
        INSERT INTO history_partition (keep, begins, ends) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
        RETURNING partition_id
        """;

    // One that is being written into stays until the next look.
    private const string ExpiredSql = """
        DELETE FROM history_partition WHERE partition_id = (
            SELECT partition_id FROM history_partition WHERE ends <= $1 - keep
            ORDER BY partition_id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING partition_id
        """;

    /// <summary>The numbers of those that there are, held until the transaction ends.</summary>
    public static async Task<Dictionary<HistorySpan, long>> HoldAsync(
        NpgsqlConnection connection, IReadOnlyList<HistorySpan> spans)
    {
        Dictionary<HistorySpan, long> found = [];
        NpgsqlCommand find = new(FindSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long[]> { TypedValue = [.. spans.Select(static span => span.Keep)] },
                new NpgsqlParameter<long[]> { TypedValue = [.. spans.Select(static span => span.Begins)] },
            },
        };
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    found[new HistorySpan(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))] = row.GetInt64(3);
                }
            }
        }

        return found;
    }

    /// <summary>Makes a partition where there is none, in the transaction under way.</summary>
    public static async Task<bool> MakeAsync(NpgsqlConnection connection, HistorySpan span)
    {
        NpgsqlCommand add = new(AddSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = span.Keep },
                new NpgsqlParameter<long> { TypedValue = span.Begins },
                new NpgsqlParameter<long> { TypedValue = span.Ends },
            },
        };
        await using (add.ConfigureAwait(false))
        {
            if (await add.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is not long number)
            {
                return false;
            }

            // ATTACH holds up neither readers nor writers of the other partitions; PARTITION OF would.
            string make = string.Create(CultureInfo.InvariantCulture, $"""
                CREATE TABLE history_turns_{number} (LIKE history_turns INCLUDING DEFAULTS INCLUDING STORAGE);
                CREATE TABLE history_readings_{number} (LIKE history_readings INCLUDING DEFAULTS INCLUDING STORAGE);
                ALTER TABLE history_turns ATTACH PARTITION history_turns_{number} FOR VALUES IN ({number});
                ALTER TABLE history_readings ATTACH PARTITION history_readings_{number} FOR VALUES IN ({number})
                """);
            await PostgreSqlSchema.ExecuteAsync(connection, make, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>Drops one partition that is older than it is kept, in the transaction under way.</summary>
    /// <returns>False where there is none.</returns>
    public static async Task<bool> DropExpiredAsync(NpgsqlConnection connection, long now)
    {
        NpgsqlCommand expired = new(ExpiredSql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = now } },
        };
        await using (expired.ConfigureAwait(false))
        {
            if (await expired.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is not long number)
            {
                return false;
            }

            // Readers of history wait while it waits for those before them: not longer than this.
            string drop = string.Create(
                CultureInfo.InvariantCulture,
                $"SET LOCAL lock_timeout = '1s'; DROP TABLE history_turns_{number}, history_readings_{number}");
            await PostgreSqlSchema.ExecuteAsync(connection, drop, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
    }
}
