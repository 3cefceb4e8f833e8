using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Some sessions in the order of their clients, and the clients of rows that cannot be read.</summary>
/// <param name="Sessions">Those that can be read.</param>
/// <param name="Damaged">The clients of the others, with what is wrong.</param>
/// <param name="Last">The last client of the page; null where no more follow.</param>
internal sealed record SessionPage(
    IReadOnlyList<StoredSession> Sessions, IReadOnlyList<(string Client, string Why)> Damaged, string? Last);

/// <summary>
/// Reads MQTT sessions on a reader's connection. A row that is damaged, or that a newer TwinGrid wrote, is no session:
/// its client hears that there is none and subscribes again, which MQTT has it do anyway (MQTT-3.2.2-5), while an
/// error would keep all the others from their gateway. A twin's log has no such way out and refuses.
/// </summary>
internal sealed class SessionReader : IDisposable
{
    // A session may hold many filters: a page of a thousand ends earlier where they are large.
    private const int PageSessions = 1_000;
    private const int PageBytes = 4 * 1024 * 1024;

    private const string Columns = "client, record, expiry_seconds, ended_at, crc, state, claimed_at, claimed_by";

    private readonly SqliteStatement _find;
    private readonly SqliteStatement _page;

    public SessionReader(SqliteConnection connection)
    {
        _find = new(connection, $"SELECT {Columns} FROM session WHERE tenant = ?1 AND client = ?2");
        _page = new(connection, $"""
            SELECT {Columns} FROM session WHERE tenant = ?1 AND client > ?2 ORDER BY client LIMIT {PageSessions}
            """);
    }

    /// <summary>The session of a client, as a page of at most one.</summary>
    public SessionPage Find(string client) => Read(_find, client);

    /// <summary>The sessions that follow a client; the empty name for the first.</summary>
    public SessionPage ReadPage(string after) => Read(_page, after);

    /// <inheritdoc/>
    public void Dispose()
    {
        _find.Dispose();
        _page.Dispose();
    }

    private static SessionPage Read(SqliteStatement statement, string client)
    {
        List<StoredSession> sessions = [];
        List<(string, string)> damaged = [];
        try
        {
            statement.Bind(1, TwinId.DefaultTenant).Bind(2, client);
            for (int bytes = 0; statement.Step();)
            {
                StoredSession session = new()
                {
                    Client = statement.Text(0),
                    ExpirySeconds = (uint)statement.Int64(2),
                    EndedAt = statement.NullableInt64(3),
                    State = statement.Blob(5),
                    Claim = new SessionClaim(statement.Int64(6), statement.Text(7)),
                };
                if (StoredSessions.Damage(statement.Int64(1), (uint)statement.Int64(4), session) is { } why)
                {
                    damaged.Add((session.Client, why));
                }
                else
                {
                    sessions.Add(session);
                }

                bytes += session.State.Length;
                if (sessions.Count + damaged.Count == PageSessions || bytes >= PageBytes)
                {
                    return new SessionPage(sessions, damaged, session.Client);
                }
            }

            return new SessionPage(sessions, damaged, null);
        }
        finally
        {
            statement.Reset();
        }
    }
}
