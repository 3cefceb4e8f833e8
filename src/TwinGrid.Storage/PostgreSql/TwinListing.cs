using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Which twins are listed: read in the order of the index of their ids, changed with a turn.</summary>
internal static class TwinListing
{
    private const string AllSql = """
        SELECT kind, key FROM twin WHERE tenant = $1 AND (kind, key) > ($2, $3) AND NOT deleted
        ORDER BY kind, key LIMIT $4
        """;

    private const string KindSql = """
        SELECT kind, key FROM twin WHERE tenant = $1 AND kind = $2 AND key > $3 AND NOT deleted
        ORDER BY key LIMIT $4
        """;

    private const string ChangeSql = """
        UPDATE twin SET deleted = u.deleted FROM unnest($1::bigint[], $2::boolean[]) AS u(twin_id, deleted)
        WHERE twin.twin_id = u.twin_id
        """;

    /// <inheritdoc cref="ITwinStore.ReadTwinsAsync"/>
    public static async Task<IReadOnlyList<TwinId>> ReadAsync(
        NpgsqlConnection connection, string? kind, TwinId? after, int limit, CancellationToken cancellationToken)
    {
        ListStart start = ListStart.Of(kind, after);
        if (start.IsPastEnd)
        {
            return [];
        }

        NpgsqlCommand list = new(kind is null ? AllSql : KindSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
                new NpgsqlParameter<string> { TypedValue = start.Kind },
                new NpgsqlParameter<string> { TypedValue = start.Key },
                new NpgsqlParameter<long> { TypedValue = limit },
            },
        };
        List<TwinId> page = [];
        await using (list.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await list.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    page.Add(new TwinId(row.GetString(0), row.GetString(1)));
                }
            }
        }

        return page;
    }

    /// <summary>Notes, in the transaction of their turns, which twins were deleted or came to be again.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="rows">The turns that are written, in order.</param>
    public static async Task ChangeAsync(NpgsqlConnection connection, List<TurnRow> rows)
    {
        Dictionary<long, bool> deleted = [];
        foreach (TurnRow row in rows.Where(static row => LogRow.ChangesListing(row.Turn)))
        {
            deleted[row.Number] = row.Turn.Exists == false;
        }

        if (deleted.Count == 0)
        {
            return;
        }

        NpgsqlCommand change = new(ChangeSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long[]> { TypedValue = [.. deleted.Keys] },
                new NpgsqlParameter<bool[]> { TypedValue = [.. deleted.Values] },
            },
        };
        await using (change.ConfigureAwait(false))
        {
            await change.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
