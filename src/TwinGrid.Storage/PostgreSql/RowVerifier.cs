using System.Data;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Reads every turn, snapshot, session and sealed part at one moment, the turns of each twin in order. While it reads,
/// the server's vacuum keeps what goes.
/// </summary>
internal sealed class RowVerifier(
    NpgsqlConnection connection, string name, long keep, long now, StoreTally tally, Action<StoreDamage> found)
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
    private readonly RowScan _rows = new(connection);

    /// <summary>Reads everything.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        tally.AddFile();
        NpgsqlTransaction moment = await connection
            .BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using (moment.ConfigureAwait(false))
        {
            int minor = await PostgreSqlSchema.EnsureReadableAsync(connection, name, cancellationToken)
                .ConfigureAwait(false);
            long twin = 0;
            long follows = 0;
            await _rows.ReadAsync(TurnsSql, row => ReadTurn(row, ref twin, ref follows), cancellationToken)
                .ConfigureAwait(false);
            await _rows.ReadAsync(TwinsSql, ReadTwin, cancellationToken).ConfigureAwait(false);
            await ReadSessionsAsync(cancellationToken).ConfigureAwait(false);
            if (minor >= PostgreSqlSchema.MinorOfHistory)
            {
                await new SealedVerifier(
                    _rows, _damage, tally, keep, now, minor >= PostgreSqlSchema.MinorOfListing)
                    .ReadAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void ReadTurn(NpgsqlDataReader row, ref long number, ref long follows)
    {
        byte[] inputs = row.GetFieldValue<byte[]>(9);
        tally.AddTurn(inputs.Length);
        long revision = row.GetInt64(5);
        if (RowScan.Twin(row) is not { } twin)
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
        if (RowScan.Twin(row) is not { } twin)
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
}
