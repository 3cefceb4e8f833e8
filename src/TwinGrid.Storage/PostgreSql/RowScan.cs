using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>Reads tables row by row in the transaction under way, for as long as that takes.</summary>
internal sealed class RowScan(NpgsqlConnection connection)
{
    /// <summary>Reads all rows of a statement.</summary>
    public async Task ReadAsync(
        string sql,
        Action<NpgsqlDataReader> read,
        CancellationToken cancellationToken,
        params IEnumerable<long> numbers)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await using (command.ConfigureAwait(false))
        {
            foreach (long number in numbers)
            {
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
            }

            NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    read(row);
                }
            }
        }
    }

    /// <summary>The twin in the first two columns, kind and key; null where there is none.</summary>
    public static TwinId? Twin(NpgsqlDataReader row) =>
        !row.IsDBNull(0) && TwinId.IsSegment(row.GetString(0)) && TwinId.IsSegment(row.GetString(1))
            ? new TwinId(row.GetString(0), row.GetString(1))
            : null;
}
