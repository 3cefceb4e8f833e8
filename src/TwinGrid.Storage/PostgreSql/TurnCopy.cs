using Npgsql;
using NpgsqlTypes;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Streams turns into the log: binary COPY, the cheapest way in.</summary>
internal static class TurnCopy
{
    private const string CopySql =
        "COPY turn (twin_id, revision, time, crc, record, fold_version, inputs) FROM STDIN (FORMAT BINARY)";

    // Looked at within the transaction that holds the incarnation's row: erasing waits for that, so a revision that is
    // behind now stays behind, and one that gets behind meanwhile meets the primary key, sealed or not: sealed turns
    // leave the log when no transaction is left that may have looked before them.
    private const string BehindSql = $"""
        SELECT u.twin_id FROM unnest($1::bigint[], $2::bigint[]) AS u(twin_id, first)
        WHERE u.first IS DISTINCT FROM {HeadSql} + 1
        """;

    /// <summary>
    /// The newest revision of the twin <c>u.twin_id</c>; where all turns are erased or sealed, it is in its own row.
    /// </summary>
    public const string HeadSql = """
        COALESCE(
            (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
            (SELECT w.erased_before - 1 FROM twin w WHERE w.twin_id = u.twin_id))
        """;

    /// <summary>Finds the twins whose first turn of the group does not follow what is stored.</summary>
    public static NpgsqlBatchCommand Behind(TurnRow[] firsts) => new(BehindSql)
    {
        Parameters =
        {
            new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(firsts, static row => row.Number) },
            new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(firsts, static row => row.First) },
        },
    };

    /// <summary>Writes rows within the transaction under way.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, List<TurnRow> rows)
    {
        NpgsqlBinaryImporter importer = await connection.BeginBinaryImportAsync(CopySql, CancellationToken.None)
            .ConfigureAwait(false);
        await using (importer.ConfigureAwait(false))
        {
            foreach (TurnRow row in rows)
            {
                TwinTurn turn = row.Turn;
                await importer.StartRowAsync().ConfigureAwait(false);
                await importer.WriteAsync(row.Number, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await importer.WriteAsync(turn.Revision, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await importer.WriteAsync(turn.Time, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await importer.WriteAsync((int)LogRow.Checksum(turn), NpgsqlDbType.Integer).ConfigureAwait(false);
                await importer.WriteAsync((short)LogRow.Version, NpgsqlDbType.Smallint).ConfigureAwait(false);
                await importer.WriteAsync((short)turn.FoldVersion, NpgsqlDbType.Smallint).ConfigureAwait(false);
                await importer.WriteAsync(turn.Inputs, NpgsqlDbType.Bytea).ConfigureAwait(false);
            }

            await importer.CompleteAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
