using System.Security.Cryptography;
using System.Text;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// MQTT sessions: written and removed in the transaction under way, read one by one or in pages. A row that is damaged,
/// or that a newer TwinGrid wrote, is no session: its client subscribes again (MQTT-3.2.2-5).
/// </summary>
internal static class SessionRows
{
    private const int PageSessions = 250;

    private const string OldColumns = "client_key, client, record, expiry_seconds, ended_at, crc, state";

    private const string Columns = $"{OldColumns}, claimed_at, claimed_by";

    private const string FindSql = $"SELECT {Columns} FROM session WHERE tenant = $1 AND client_key = $2";

    private const string Rest = "FROM session WHERE tenant = $1 AND client_key > $2 ORDER BY client_key LIMIT $3";

    private const string PageSql = $"SELECT {Columns} {Rest}";

    private const string OldPageSql = $"SELECT {OldColumns}, 0::bigint, '' {Rest}";

    private const string SaveSql = """
        INSERT INTO session
            (tenant, record, client_key, client, expiry_seconds, ended_at, crc, state, claimed_at, claimed_by)
        SELECT $1, $2, u.* FROM unnest(
            $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::integer[], $8::bytea[], $9::bigint[], $10::text[])
            AS u
        ON CONFLICT (tenant, client_key) DO UPDATE SET
            record = excluded.record, client = excluded.client, expiry_seconds = excluded.expiry_seconds,
            ended_at = excluded.ended_at, crc = excluded.crc, state = excluded.state,
            claimed_at = excluded.claimed_at, claimed_by = excluded.claimed_by
        WHERE (session.claimed_at, session.claimed_by) <= (excluded.claimed_at, excluded.claimed_by)
        """;

    // A row that stands as it should afterwards was taken by us: the commit before this attempt was not answered.
    private const string TakeSql = """
        UPDATE session SET record = $2, expiry_seconds = u.expiry, ended_at = u.ended, crc = u.crc, state = u.state,
            claimed_at = u.at, claimed_by = u.by
        FROM unnest(
            $3::bytea[], $4::bigint[], $5::bigint[], $6::integer[], $7::bytea[], $8::bigint[], $9::text[],
            $10::integer[], $11::bigint[], $12::text[])
            AS u (client_key, expiry, ended, crc, state, at, by, seen_crc, seen_at, seen_by)
        WHERE session.tenant = $1 AND session.client_key = u.client_key
            AND ((session.claimed_at, session.claimed_by, session.crc) = (u.seen_at, u.seen_by, u.seen_crc)
                OR (session.claimed_at, session.claimed_by, session.crc) = (u.at, u.by, u.crc))
        RETURNING session.client_key
        """;

    private const string RemoveSql = """
        DELETE FROM session USING unnest($2::bytea[], $3::bigint[], $4::text[]) AS gone (client_key, at, by)
        WHERE session.tenant = $1 AND session.client_key = gone.client_key
            AND (session.claimed_at, session.claimed_by) <= (gone.at, gone.by)
        """;

    /// <summary>
    /// Some sessions, those that cannot be read, and where the page ended; null where no more follow.
    /// </summary>
    internal sealed record Page(
        IReadOnlyList<StoredSession> Sessions, IReadOnlyList<(string Client, string Why)> Damaged, byte[]? Last);

    /// <summary>Makes changes; of several of one client the last counts.</summary>
    /// <returns>How many sessions were saved, and how many were there and went; not those claimed anew.</returns>
    public static async Task<(int Saved, int Removed)> WriteAsync(
        NpgsqlConnection connection, IReadOnlyList<SessionChange> changes)
    {
        Dictionary<string, SessionChange> last = [];
        foreach (SessionChange change in changes)
        {
            last[change.Client] = change;
        }

        // Sorted: silos that change the same sessions wait for each other in the same order.
        (byte[] Key, StoredSession Session)[] saved =
        [
            .. last.Values.Select(static change => change.Session).OfType<StoredSession>()
                .Select(static s => (Key: KeyOf(s.Client), s))
                .OrderBy(static s => Convert.ToHexString(s.Key), StringComparer.Ordinal),
        ];
        SessionChange[] gone = [.. last.Values.Where(static change => change.Session is null)];
        return (
            saved.Length == 0 ? 0 : await SaveAsync(connection, saved).ConfigureAwait(false),
            gone.Length == 0 ? 0 : await RemoveAsync(connection, gone).ConfigureAwait(false));
    }

    /// <summary>Puts sessions in the place of those that stand as they were seen.</summary>
    /// <returns>For each whether it did.</returns>
    public static async Task<bool[]> TakeAsync(NpgsqlConnection connection, IReadOnlyList<SessionTakeover> takeovers)
    {
        // Sorted as in WriteAsync.
        (byte[] Key, SessionTakeover Takeover)[] sorted =
        [
            .. takeovers.Select(static one => (Key: KeyOf(one.Seen.Client), one))
                .OrderBy(static one => Convert.ToHexString(one.Key), StringComparer.Ordinal),
        ];
        StoredSession[] next = Array.ConvertAll(sorted, static one => one.Takeover.Next);
        StoredSession[] seen = Array.ConvertAll(sorted, static one => one.Takeover.Seen);
        HashSet<string> taken = [];
        NpgsqlCommand take = new(TakeSql, connection)
        {
            Parameters =
            {
                Value(TwinId.DefaultTenant),
                Value((short)LogRow.Version),
                Value(Array.ConvertAll(sorted, static one => one.Key)),
                Value(Array.ConvertAll(next, static s => (long)s.ExpirySeconds)),
                Value(Array.ConvertAll(next, static s => s.EndedAt)),
                Value(Array.ConvertAll(next, static s => (int)LogRow.Checksum(s))),
                Value(Array.ConvertAll(next, static s => s.State)),
                Value(Array.ConvertAll(next, static s => s.Claim.Time)),
                Value(Array.ConvertAll(next, static s => s.Claim.Gateway)),
                Value(Array.ConvertAll(seen, static s => (int)LogRow.Checksum(s))),
                Value(Array.ConvertAll(seen, static s => s.Claim.Time)),
                Value(Array.ConvertAll(seen, static s => s.Claim.Gateway)),
            },
        };
        await using (take.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await take.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    taken.Add(Convert.ToHexString(row.GetFieldValue<byte[]>(0)));
                }
            }
        }

        return [.. takeovers.Select(one => taken.Contains(Convert.ToHexString(KeyOf(one.Seen.Client))))];
    }

    /// <summary>The session of a client, as a page of at most one.</summary>
    public static Task<Page> FindAsync(
        NpgsqlConnection connection, string client, CancellationToken cancellationToken) =>
        ReadAsync(
            new NpgsqlCommand(FindSql, connection)
            {
                Parameters = { Value(TwinId.DefaultTenant), Value(KeyOf(client)) },
            },
            limit: 2,
            cancellationToken);

    /// <summary>The sessions that follow a place, in the order of their keys; an empty one for the first.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="after">The place.</param>
    /// <param name="withClaims">False for a database of any version, in which sessions may have no claims.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<Page> ReadPageAsync(
        NpgsqlConnection connection, byte[] after, bool withClaims, CancellationToken cancellationToken) =>
        ReadAsync(
            new NpgsqlCommand(withClaims ? PageSql : OldPageSql, connection)
            {
                Parameters = { Value(TwinId.DefaultTenant), Value(after), Value((long)PageSessions) },
            },
            PageSessions,
            cancellationToken);

    private static async Task<int> RemoveAsync(NpgsqlConnection connection, SessionChange[] gone)
    {
        NpgsqlCommand remove = new(RemoveSql, connection)
        {
            Parameters =
            {
                Value(TwinId.DefaultTenant),
                Value(Array.ConvertAll(gone, static change => KeyOf(change.Client))),
                Value(Array.ConvertAll(gone, static change => change.Claim.Time)),
                Value(Array.ConvertAll(gone, static change => change.Claim.Gateway)),
            },
        };
        await using (remove.ConfigureAwait(false))
        {
            return await remove.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<int> SaveAsync(NpgsqlConnection connection, (byte[] Key, StoredSession Session)[] saved)
    {
        NpgsqlCommand save = new(SaveSql, connection)
        {
            Parameters =
            {
                Value(TwinId.DefaultTenant),
                Value((short)LogRow.Version),
                Value(Array.ConvertAll(saved, static s => s.Key)),
                Value(Array.ConvertAll(saved, static s => s.Session.Client)),
                Value(Array.ConvertAll(saved, static s => (long)s.Session.ExpirySeconds)),
                Value(Array.ConvertAll(saved, static s => s.Session.EndedAt)),
                Value(Array.ConvertAll(saved, static s => (int)LogRow.Checksum(s.Session))),
                Value(Array.ConvertAll(saved, static s => s.Session.State)),
                Value(Array.ConvertAll(saved, static s => s.Session.Claim.Time)),
                Value(Array.ConvertAll(saved, static s => s.Session.Claim.Gateway)),
            },
        };
        await using (save.ConfigureAwait(false))
        {
            return await save.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<Page> ReadAsync(NpgsqlCommand command, int limit, CancellationToken cancellationToken)
    {
        List<StoredSession> sessions = [];
        List<(string, string)> damaged = [];
        byte[]? last = null;
        await using (command.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    last = row.GetFieldValue<byte[]>(0);
                    StoredSession session = new()
                    {
                        Client = row.GetString(1),
                        ExpirySeconds = (uint)row.GetInt64(3),
                        EndedAt = row.IsDBNull(4) ? null : row.GetInt64(4),
                        State = row.GetFieldValue<byte[]>(6),
                        Claim = new SessionClaim(row.GetInt64(7), row.GetString(8)),
                    };
                    if (Damage(row.GetInt16(2), (uint)row.GetInt32(5), last, session) is { } why)
                    {
                        damaged.Add((session.Client, why));
                    }
                    else
                    {
                        sessions.Add(session);
                    }
                }
            }
        }

        return new Page(sessions, damaged, sessions.Count + damaged.Count == limit ? last : null);
    }

    private static string? Damage(long version, uint stored, byte[] key, StoredSession session) =>
        key.AsSpan().SequenceEqual(KeyOf(session.Client))
            ? StoredSessions.Damage(version, stored, session)
            : "its row stands under the key of another client";

    private static byte[] KeyOf(string client) => SHA256.HashData(Encoding.UTF8.GetBytes(client));

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };
}
