using System.Text;
using Npgsql;
using NpgsqlTypes;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Appends dead letters and trims the oldest, in the transaction under way; reads them.</summary>
internal static class DeadLetterRows
{
    /// <summary>Bytes of a payload that are kept; the rest is only counted in its size.</summary>
    private const int SampleBytes = 1024;

    /// <summary>Letters beyond their age that one append takes away besides as many as it adds.</summary>
    private const int TrimAtOnce = 1_000;

    private const string InsertSql = """
        INSERT INTO dead_letter (tenant, record, time, topic, client, reason, detail, size, sample)
        SELECT $1, $2, u.* FROM unnest(
            $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[], $9::bytea[]) AS u
        """;

    // An append that failed leaves a gap in the ids: at most so many are kept, and perhaps a few less.
    private const string TrimOverflowSql = """
        DELETE FROM dead_letter WHERE tenant = $1
            AND letter_id <= (SELECT max(letter_id) FROM dead_letter WHERE tenant = $1) - $2
        """;

    private const string TrimAgeSql = """
        DELETE FROM dead_letter WHERE tenant = $1 AND time < $2 AND letter_id = ANY (ARRAY(
            SELECT letter_id FROM dead_letter WHERE tenant = $1 ORDER BY letter_id LIMIT $3))
        """;

    // A number that the server forgot when it was killed is given again, and is not older than the asking one's then.
    private const string StatusSql = """
        SELECT CASE WHEN $1::xid8 < pg_current_xact_id() THEN pg_xact_status($1::xid8) ELSE 'aborted' END
        """;

    // That the number was committed says nothing: it may have been given again. Only the letters do.
    private const string AppendedSql = """
        SELECT EXISTS (SELECT 1 FROM dead_letter WHERE tenant = $2 AND xmin = $1::xid8::xid)
        """;

    private const string ReadSql = """
        SELECT letter_id, time, topic, client, reason, detail, size, sample FROM dead_letter
        WHERE tenant = $1 AND letter_id < $2 ORDER BY letter_id DESC LIMIT $3
        """;

    /// <summary>
    /// Appends letters and takes the oldest beyond <c>Limits:DeadLetters</c> and <c>Limits:DeadLettersKeep</c>.
    /// </summary>
    /// <returns>How many went.</returns>
    public static async Task<long> AppendAsync(
        NpgsqlConnection connection, IReadOnlyList<DeadLetter> letters, LimitOptions limits, long now)
    {
        NpgsqlCommand insert = new(InsertSql, connection)
        {
            Parameters =
            {
                Value(TwinId.DefaultTenant),
                Value((short)LogRow.Version),
                Array(letters, static letter => letter.Time),
                Array(letters, static letter => Storable(letter.Topic)),
                Array(letters, static letter => Storable(letter.Client)),
                Array(letters, static letter => Storable(letter.Reason)),
                Array(letters, static letter => Storable(letter.Detail)),
                Array(letters, static letter => letter.Size),
                Array(letters, static letter => letter.Sample[..Math.Min(letter.Sample.Length, SampleBytes)]),
            },
        };
        await using (insert.ConfigureAwait(false))
        {
            await insert.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }

        NpgsqlBatch trim = new(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(TrimOverflowSql)
                {
                    Parameters = { Value(TwinId.DefaultTenant), Value((long)limits.DeadLetters) },
                },
                new NpgsqlBatchCommand(TrimAgeSql)
                {
                    Parameters =
                    {
                        Value(TwinId.DefaultTenant),
                        Value(now - limits.DeadLettersKeep.Microseconds),
                        Value((long)letters.Count + TrimAtOnce),
                    },
                },
            },
        };
        await using (trim.ConfigureAwait(false))
        {
            return await trim.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The number of the transaction under way.</summary>
    public static async Task<string> TransactionAsync(NpgsqlConnection connection) =>
        (string)(await PostgreSqlSchema
            .ReadAsync(connection, "SELECT pg_current_xact_id()::text", CancellationToken.None).ConfigureAwait(false))!;

    /// <summary>
    /// True where an earlier transaction appended its letters; asked in a later one that has a number itself.
    /// </summary>
    /// <exception cref="TimeoutException">It is still under way.</exception>
    public static async Task<bool> AreThereAsync(NpgsqlConnection connection, string transaction)
    {
        NpgsqlCommand status = new(StatusSql, connection) { Parameters = { Unknown(transaction) } };
        await using (status.ConfigureAwait(false))
        {
            if (await status.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is "in progress")
            {
                throw new TimeoutException("the server has not ended the last attempt");
            }
        }

        NpgsqlCommand appended = new(AppendedSql, connection)
        {
            Parameters = { Unknown(transaction), Value(TwinId.DefaultTenant) },
        };
        await using (appended.ConfigureAwait(false))
        {
            return await appended.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is true;
        }
    }

    /// <summary>Dead letters, newest first.</summary>
    public static async Task<IReadOnlyList<StoredDeadLetter>> ReadAsync(
        NpgsqlConnection connection, long? before, int limit, CancellationToken cancellationToken)
    {
        NpgsqlCommand read = new(ReadSql, connection)
        {
            Parameters = { Value(TwinId.DefaultTenant), Value(before ?? long.MaxValue), Value((long)limit) },
        };
        List<StoredDeadLetter> page = [];
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    page.Add(new StoredDeadLetter(row.GetInt64(0), new DeadLetter
                    {
                        Time = row.GetInt64(1),
                        Topic = row.GetString(2),
                        Client = row.GetString(3),
                        Reason = row.GetString(4),
                        Detail = row.GetString(5),
                        Size = row.GetInt32(6),
                        Sample = row.GetFieldValue<byte[]>(7),
                    }));
                }
            }
        }

        return page;
    }

    // Text of PostgreSQL holds no U+0000 and no half of a surrogate pair; both can come in a URL or a payload.
    private static string Storable(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    // Text whose type the statement says.
    private static NpgsqlParameter Unknown(string text) => new() { Value = text, NpgsqlDbType = NpgsqlDbType.Unknown };

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter<T[]> Array<T>(IReadOnlyList<DeadLetter> letters, Func<DeadLetter, T> column) =>
        new() { TypedValue = [.. letters.Select(column)] };
}
