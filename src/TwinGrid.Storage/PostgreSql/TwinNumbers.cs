using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The numbers that stand for twins in the rows: looked up, given before a twin's first turn, and remembered as long as
/// a connection. Not thread-safe.
/// </summary>
internal sealed class TwinNumbers
{
    /// <summary>
    /// At most so many are remembered, about 10 MB besides the text of the ids; beyond, it forgets all and begins
    /// anew. A group with a twin that is not remembered costs one more round trip.
    /// </summary>
    private const int Remembered = 262_144;

    // Each id is looked up by itself, by a subquery that cannot become a join: for a group of 200 among 31,000 twins
    // the planner else reads all twins, 17 ms each time.
    private const string AddSql = """
        INSERT INTO twin (tenant, kind, key)
        SELECT $1, u.kind, u.key FROM unnest($2::text[], $3::text[]) AS u(kind, key)
        WHERE EXISTS (SELECT 1 FROM silo_incarnation WHERE incarnation = $4 AND NOT fenced)
            AND (SELECT t.twin_id FROM twin t WHERE t.tenant = $1 AND t.kind = u.kind AND t.key = u.key) IS NULL
        ON CONFLICT DO NOTHING
        """;

    private const string FindSql = """
        SELECT t.twin_id, u.kind, u.key FROM unnest($2::text[], $3::text[]) AS u(kind, key)
        CROSS JOIN LATERAL (
            SELECT twin_id FROM twin WHERE tenant = $1 AND kind = u.kind AND key = u.key OFFSET 0) AS t
        """;

    private readonly Dictionary<TwinId, long> _known = [];

    /// <summary>The number of a twin that is remembered; null for others.</summary>
    public long? Find(TwinId twin) => _known.TryGetValue(twin, out long number) ? number : null;

    /// <summary>
    /// Looks up twins that are not remembered; new ones get a number, which is committed at once: one that no turn
    /// follows stands for nothing.
    /// </summary>
    public async Task LearnAsync(
        NpgsqlConnection connection, IEnumerable<(TwinId Twin, bool IsNew)> twins, long incarnation)
    {
        if (_known.Count > Remembered)
        {
            _known.Clear();
        }

        List<(TwinId Twin, bool IsNew)> unknown = [.. twins.Where(twin => !_known.ContainsKey(twin.Twin))];
        if (unknown.Count == 0)
        {
            return;
        }

        // Sorted: silos that add the same twins wait for each other in the same order.
        TwinId[] wanted = Sorted(unknown);
        TwinId[] created = Sorted(unknown.Where(static twin => twin.IsNew));
        NpgsqlBatch batch = new(connection);
        await using (batch.ConfigureAwait(false))
        {
            if (created.Length > 0)
            {
                NpgsqlBatchCommand add = Command(AddSql, created);
                add.Parameters.Add(new NpgsqlParameter<long> { TypedValue = incarnation });
                batch.BatchCommands.Add(add);
            }

            batch.BatchCommands.Add(Command(FindSql, wanted));
            NpgsqlDataReader row = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    _known[new TwinId(row.GetString(1), row.GetString(2))] = row.GetInt64(0);
                }
            }
        }
    }

    private static TwinId[] Sorted(IEnumerable<(TwinId Twin, bool IsNew)> twins) =>
        [.. twins.Select(static twin => twin.Twin).Distinct().Order()];

    private static NpgsqlBatchCommand Command(string sql, TwinId[] twins) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            new NpgsqlParameter<string[]> { TypedValue = [.. twins.Select(static twin => twin.Kind)] },
            new NpgsqlParameter<string[]> { TypedValue = [.. twins.Select(static twin => twin.Key)] },
        },
    };
}
