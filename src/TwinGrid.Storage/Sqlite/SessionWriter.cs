using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Writes and removes MQTT sessions in the writer's transaction.</summary>
internal sealed class SessionWriter : IDisposable
{
    private readonly SqliteStatement _save;
    private readonly SqliteStatement _remove;

    public SessionWriter(SqliteConnection connection)
    {
        _save = new(connection, """
            INSERT INTO session (tenant, client, record, expiry_seconds, ended_at, crc, state, claimed_at, claimed_by)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (tenant, client) DO UPDATE SET
                record = excluded.record, expiry_seconds = excluded.expiry_seconds, ended_at = excluded.ended_at,
                crc = excluded.crc, state = excluded.state,
                claimed_at = excluded.claimed_at, claimed_by = excluded.claimed_by
            WHERE (claimed_at, claimed_by) <= (excluded.claimed_at, excluded.claimed_by)
            """);
        _remove = new(connection, """
            DELETE FROM session WHERE tenant = ?1 AND client = ?2 AND (claimed_at, claimed_by) <= (?3, ?4)
            """);
    }

    /// <summary>Makes changes in their order.</summary>
    /// <returns>How many sessions were saved, and how many were there and went.</returns>
    public (int Saved, int Removed) Write(IReadOnlyList<SessionChange> changes)
    {
        int saved = 0;
        int removed = 0;
        foreach (SessionChange change in changes)
        {
            if (change.Session is { } session)
            {
                saved += Save(session);
            }
            else
            {
                removed += _remove
                    .Bind(1, TwinId.DefaultTenant)
                    .Bind(2, change.Client)
                    .Bind(3, change.Claim.Time)
                    .Bind(4, change.Claim.Gateway)
                    .Run();
            }
        }

        return (saved, removed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _save.Dispose();
        _remove.Dispose();
    }

    private int Save(StoredSession session) => _save
        .Bind(1, TwinId.DefaultTenant)
        .Bind(2, session.Client)
        .Bind(3, LogRow.Version)
        .Bind(4, session.ExpirySeconds)
        .Bind(5, session.EndedAt)
        .Bind(6, (int)LogRow.Checksum(session))
        .Bind(7, session.State.Span)
        .Bind(8, session.Claim.Time)
        .Bind(9, session.Claim.Gateway)
        .Run();
}
