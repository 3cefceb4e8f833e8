using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Puts turns into the log one by one where they follow, and tells which did: INSERT … ON CONFLICT DO NOTHING
/// RETURNING, in slices.
/// </summary>
internal sealed class TurnInsertion(NpgsqlConnection connection, Incarnation incarnation)
{
    private const int SliceTurns = 500;
    private const int SliceBytes = 16 * 1024 * 1024;

    // A twin's turns go in when the first of them follows what is stored; the others follow it.
    private const string InsertSql = $"""
        INSERT INTO turn (twin_id, revision, time, crc, record, fold_version, inputs)
        SELECT u.twin_id, u.revision, u.time, u.crc, $8, u.fold_version, u.inputs
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::smallint[], $7::bytea[])
            AS u(twin_id, revision, first, time, crc, fold_version, inputs)
        WHERE u.first = {TurnCopy.HeadSql} + 1
            AND EXISTS (SELECT 1 FROM silo_incarnation WHERE incarnation = $9 AND NOT fenced)
        ON CONFLICT DO NOTHING RETURNING twin_id, revision
        """;

    /// <summary>True where one statement takes all of them.</summary>
    public static bool FitsAtOnce(List<TurnRow> rows) => SliceEnd(rows, 0) == rows.Count;

    /// <summary>Begins a transaction, writes what follows and fences the rest of the group.</summary>
    /// <param name="group">The group, with numbers and sorted.</param>
    /// <param name="commits">Ends the transaction as well; for what fits at once and has no chains.</param>
    /// <returns>False when the incarnation is fenced: nothing was written.</returns>
    public async Task<bool> RunAsync(TurnGroup group, bool commits)
    {
        Dictionary<long, long> fenced = [];
        int from = 0;
        do
        {
            int to = SliceEnd(group.Rows, from);
            List<TurnRow> slice = Slice(group.Rows, from, to, fenced);
            if (await WriteAsync(slice, from == 0, commits).ConfigureAwait(false) is not { } written)
            {
                return false;
            }

            Judge(slice, written, fenced);
            from = to;
        }
        while (from < group.Rows.Count);

        if (fenced.Count > 0)
        {
            group.Fence(row => fenced.TryGetValue(row.Number, out long first) && row.Turn.Revision >= first);
        }

        return true;
    }

    private static int SliceEnd(List<TurnRow> rows, int from)
    {
        long bytes = 0;
        int to = from;
        while (to < rows.Count && to - from < SliceTurns && (to == from || bytes < SliceBytes))
        {
            bytes += rows[to++].Turn.Inputs.Length;
        }

        return to;
    }

    // Without twins that were fenced in an earlier slice; those that continue from one are looked at anew.
    private static List<TurnRow> Slice(List<TurnRow> rows, int from, int to, Dictionary<long, long> fenced)
    {
        List<TurnRow> slice = new(to - from);
        for (int i = from; i < to; i++)
        {
            TurnRow row = rows[i];
            if (!fenced.ContainsKey(row.Number))
            {
                bool continues = slice.Count > 0 && slice[^1].Number == row.Number;
                slice.Add(row with { First = continues ? slice[^1].First : row.Turn.Revision });
            }
        }

        return slice;
    }

    private static void Judge(List<TurnRow> slice, HashSet<(long, long)> written, Dictionary<long, long> fenced)
    {
        foreach (TurnRow row in slice)
        {
            bool isIn = written.Contains((row.Number, row.Turn.Revision));
            if (isIn && fenced.ContainsKey(row.Number))
            {
                throw new TwinGridUnavailableException(
                    $"another silo committed a turn of {row.Turn.Twin} just now; nothing of this group was kept, send "
                    + "it again");
            }

            if (!isIn)
            {
                fenced.TryAdd(row.Number, row.Turn.Revision);
            }
        }
    }

    /// <summary>The rows that went in; null when the incarnation is fenced.</summary>
    private async Task<HashSet<(long Number, long Revision)>?> WriteAsync(
        List<TurnRow> slice, bool begins, bool commits)
    {
        HashSet<(long, long)> written = new(slice.Count);
        NpgsqlBatch batch = new(connection);
        await using (batch.ConfigureAwait(false))
        {
            if (begins)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
                batch.BatchCommands.Add(incarnation.LockCommand());
            }

            if (slice.Count > 0)
            {
                batch.BatchCommands.Add(Insert(slice));
            }

            if (commits)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            }

            NpgsqlDataReader row = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                bool current = !begins || await row.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                if (begins)
                {
                    await row.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
                }

                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    written.Add((row.GetInt64(0), row.GetInt64(1)));
                }

                // To the end: an error of a later statement, the commit's above all, is told only there.
                while (await row.NextResultAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    continue;
                }

                return current ? written : null;
            }
        }
    }

    private NpgsqlBatchCommand Insert(List<TurnRow> slice) => new(InsertSql)
    {
        Parameters =
        {
            Array(slice, static row => row.Number),
            Array(slice, static row => row.Turn.Revision),
            Array(slice, static row => row.First),
            Array(slice, static row => row.Turn.Time),
            Array(slice, static row => (int)LogRow.Checksum(row.Turn)),
            Array(slice, static row => (short)row.Turn.FoldVersion),
            Array(slice, static row => row.Turn.Inputs),
            new NpgsqlParameter<short> { TypedValue = LogRow.Version },
            new NpgsqlParameter<long> { TypedValue = incarnation.Number },
        },
    };

    private static NpgsqlParameter<T[]> Array<T>(List<TurnRow> slice, Func<TurnRow, T> column)
    {
        T[] values = new T[slice.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = column(slice[i]);
        }

        return new NpgsqlParameter<T[]> { TypedValue = values };
    }
}
