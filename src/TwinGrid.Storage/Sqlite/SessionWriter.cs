using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Writes and removes MQTT sessions in the writer's transaction.</summary>
internal sealed class SessionWriter : IDisposable
{
    private readonly SqliteStatement _save;
    private readonly SqliteStatement _remove;
    private readonly SqliteStatement _take;

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
        _take = new(connection, """
            UPDATE session SET record = ?3, expiry_seconds = ?4, ended_at = ?5, crc = ?6, state = ?7,
                claimed_at = ?8, claimed_by = ?9
            WHERE tenant = ?1 AND client = ?2 AND (claimed_at, claimed_by, crc) = (?10, ?11, ?12)
            """);
    }

    /// <summary>Puts sessions in the place of those that stand as they were seen.</summary>
    public bool[] Take(IReadOnlyList<SessionTakeover> takeovers) =>
    [
        .. takeovers.Select(one => Bind(_take, one.Next)
            .Bind(10, one.Seen.Claim.Time)
            .Bind(11, one.Seen.Claim.Gateway)
            .Bind(12, (int)LogRow.Checksum(one.Seen))
            .Run() > 0),
    ];

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
        _take.Dispose();
    }

    private int Save(StoredSession session) => Bind(_save, session).Run();

    private static SqliteStatement Bind(SqliteStatement statement, StoredSession session) => statement
        .Bind(1, TwinId.DefaultTenant)
        .Bind(2, session.Client)
        .Bind(3, LogRow.Version)
        .Bind(4, session.ExpirySeconds)
        .Bind(5, session.EndedAt)
        .Bind(6, (int)LogRow.Checksum(session))
        .Bind(7, session.State.Span)
        .Bind(8, session.Claim.Time)
        .Bind(9, session.Claim.Gateway);
}
