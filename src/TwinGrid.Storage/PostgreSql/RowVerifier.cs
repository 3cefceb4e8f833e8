using System.Data;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Reads every turn, snapshot and session at one moment, the turns of each twin in order. While it reads, the server's
/// vacuum keeps what goes.
/// </summary>
internal sealed class RowVerifier(
    NpgsqlConnection connection, string name, StoreTally tally, Action<StoreDamage> found)
{
    private const string TwinsSql = """
        SELECT u.kind, u.key, u.erased_before, u.snapshot_revision, s.revision, COALESCE(
            (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
            u.erased_before - 1),
            s.record, s.fold_version, s.next_due, s.crc, s.state
        FROM twin u LEFT JOIN snapshot s ON s.twin_id = u.twin_id ORDER BY u.twin_id
        """;

    private const string TurnsSql = """
        SELECT u.kind, u.key, u.erased_before, t.twin_id, t.record, t.revision, t.time, t.fold_version, t.crc, t.inputs
        FROM turn t LEFT JOIN twin u ON u.twin_id = t.twin_id ORDER BY t.twin_id, t.revision
        """;

    private readonly FoundDamage _damage = new(name, found);

    /// <summary>Reads everything.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        tally.AddFile();
        NpgsqlTransaction moment = await connection
            .BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using (moment.ConfigureAwait(false))
        {
            await EnsureReadableAsync(cancellationToken).ConfigureAwait(false);
            long twin = 0;
            long follows = 0;
            await ReadAsync(TurnsSql, row => ReadTurn(row, ref twin, ref follows), cancellationToken)
                .ConfigureAwait(false);
            await ReadAsync(TwinsSql, ReadTwin, cancellationToken).ConfigureAwait(false);
            await ReadSessionsAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task EnsureReadableAsync(CancellationToken cancellationToken)
    {
        object? there = await PostgreSqlSchema
            .ReadAsync(connection, "SELECT to_regclass('schema_version') IS NOT NULL", cancellationToken)
            .ConfigureAwait(false);
        if (there is not true)
        {
            throw new TwinGridException(
                $"The database {name} holds no twins: name the TwinGrid:Storage:ConnectionString that the silo uses.");
        }

        object? major = await PostgreSqlSchema
            .ReadAsync(connection, "SELECT major FROM schema_version", cancellationToken).ConfigureAwait(false);
        if (major is not int known || known > PostgreSqlSchema.Major)
        {
            throw new TwinGridException(
                $"The database {name} has schema {major} and this TwinGrid knows up to {PostgreSqlSchema.Major}: "
                + "verify it with the newer TwinGrid that made it.");
        }
    }

    private async Task ReadAsync(string sql, Action<NpgsqlDataReader> read, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        await using (command.ConfigureAwait(false))
        {
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

    private void ReadTurn(NpgsqlDataReader row, ref long number, ref long follows)
    {
        byte[] inputs = row.GetFieldValue<byte[]>(9);
        tally.AddTurn(inputs.Length);
        long revision = row.GetInt64(5);
        if (Twin(row) is not { } twin)
        {
            _damage.OfFile($"a turn of the number {row.GetInt64(3)} (revision {revision}) belongs to no twin");
            return;
        }

        _damage.Check(
            new TwinTurn
            {
                Twin = twin,
                Revision = revision,
                Time = row.GetInt64(6),
                FoldVersion = (byte)row.GetInt16(7),
                Inputs = inputs,
            },
            row.GetInt16(4),
            (uint)row.GetInt32(8));
        follows = number == row.GetInt64(3) ? Math.Max(follows, row.GetInt64(2) - 1) : row.GetInt64(2) - 1;
        number = row.GetInt64(3);
        if (revision > follows + 1)
        {
            _damage.MissingTurns(twin, follows + 1, revision - 1);
        }

        follows = Math.Max(follows, revision);
    }

    private void ReadTwin(NpgsqlDataReader row)
    {
        tally.AddTwin();
        if (Twin(row) is not { } twin)
        {
            _damage.OfFile($"a twin has no name of a twin: '{row.GetString(0)}/{row.GetString(1)}'");
            return;
        }

        long noted = row.GetInt64(3);
        if (row.IsDBNull(4))
        {
            if (noted > 0)
            {
                _damage.OfTwin(twin, noted, "the snapshot is missing");
            }

            return;
        }

        StoredSnapshot snapshot = new()
        {
            Twin = twin,
            Revision = row.GetInt64(4),
            FoldVersion = (byte)row.GetInt16(7),
            NextDue = row.IsDBNull(8) ? null : row.GetInt64(8),
            State = row.GetFieldValue<byte[]>(10),
        };
        tally.AddSnapshot(snapshot.State.Length);
        if (_damage.Check("snapshot", snapshot, row.GetInt16(6), (uint)row.GetInt32(9))
            && snapshot.Revision > row.GetInt64(5))
        {
            _damage.MissingTurns(twin, row.GetInt64(5) + 1, snapshot.Revision);
        }
    }

    private async Task ReadSessionsAsync(CancellationToken cancellationToken)
    {
        byte[]? last = [];
        while (last is not null)
        {
            SessionRows.Page page = await SessionRows
                .ReadPageAsync(connection, last, withClaims: false, cancellationToken).ConfigureAwait(false);
            foreach (StoredSession session in page.Sessions)
            {
                tally.AddSession(session.State.Length);
            }

            foreach ((string client, string why) in page.Damaged)
            {
                tally.AddSession(0);
                _damage.Session(client, why);
            }

            last = page.Last;
        }
    }

    private static TwinId? Twin(NpgsqlDataReader row) =>
        !row.IsDBNull(0) && TwinId.IsSegment(row.GetString(0)) && TwinId.IsSegment(row.GetString(1))
            ? new TwinId(row.GetString(0), row.GetString(1))
            : null;
}
