using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>How far a twin's log is sealed.</summary>
/// <param name="Number">The number of the twin.</param>
/// <param name="Head">The twin's newest revision.</param>
/// <param name="Sealed">Turns up to it are sealed or erased.</param>
/// <param name="State">The state at <paramref name="Sealed"/>; null where the fold begins with an empty twin.</param>
/// <param name="Snapshot">The newest snapshot, or null.</param>
internal sealed record LogPosition(
    long Number, long Head, long Sealed, StoredSnapshot? State, StoredSnapshot? Snapshot)
{
    private const string FindSql = $"""
        SELECT u.twin_id, u.erased_before, {TurnCopy.HeadSql},
            z.record, z.revision, z.fold_version, z.next_due, z.crc, z.state,
            s.record, s.revision, s.fold_version, s.next_due, s.crc, s.state
        FROM twin u
        LEFT JOIN sealed z ON $4 AND z.twin_id = u.twin_id AND z.revision = u.erased_before - 1
        LEFT JOIN snapshot s ON $4 AND s.twin_id = u.twin_id
        WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3
        """;

    /// <summary>Reads it; null for a twin that has no turn and never had one.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="twin">Which.</param>
    /// <param name="withStates">False where its states are not needed; they are null then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">A state is damaged.</exception>
    public static async Task<LogPosition?> FindAsync(
        NpgsqlConnection connection, TwinId twin, bool withStates, CancellationToken cancellationToken)
    {
        NpgsqlCommand find = new(FindSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
                new NpgsqlParameter<string> { TypedValue = twin.Kind },
                new NpgsqlParameter<string> { TypedValue = twin.Key },
                new NpgsqlParameter<bool> { TypedValue = withStates },
            },
        };
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                if (!await row.ReadAsync(cancellationToken).ConfigureAwait(false) || row.GetInt64(2) == 0)
                {
                    return null;
                }

                return new LogPosition(
                    row.GetInt64(0),
                    row.GetInt64(2),
                    row.GetInt64(1) - 1,
                    row.IsDBNull(3) ? null : TwinReading.Snapshot(row, twin, 3),
                    row.IsDBNull(9) ? null : TwinReading.Snapshot(row, twin, 9));
            }
        }
    }
}
