using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Writes groups of turns and snapshots in the writer's transaction, fenced by each twin's head.</summary>
internal sealed class TurnLog : IDisposable
{
    private readonly TwinIdentities _identities;
    private readonly HashSet<TwinId> _fenced = [];
    private readonly SqliteStatement _append;
    private readonly SqliteStatement _moveHead;
    private readonly SqliteStatement _list;
    private readonly SqliteStatement _saveSnapshot;
    private readonly SqliteStatement _noteSnapshot;

    public TurnLog(SqliteConnection connection)
    {
        _identities = new TwinIdentities(connection);
        _append = new(connection, """
            INSERT INTO turn (record, twin_id, revision, previous_turn_id, time, fold_version, crc, inputs)
            SELECT ?1, twin_id, ?3, turn_id, ?4, ?5, ?6, ?7 FROM head WHERE twin_id = ?2 AND revision = ?3 - 1
            """);
        _moveHead = new(connection, "UPDATE head SET revision = ?2, turn_id = last_insert_rowid() WHERE twin_id = ?1");
        _list = new(connection, "UPDATE twin SET deleted = ?2 WHERE twin_id = ?1");
        _saveSnapshot = new(connection, """
            INSERT INTO snapshot (record, twin_id, revision, fold_version, next_due, crc, state)
            SELECT ?1, twin_id, ?3, ?4, ?5, ?6, ?7 FROM head WHERE twin_id = ?2 AND revision >= ?3
            ON CONFLICT (twin_id) DO UPDATE SET
                record = excluded.record, revision = excluded.revision, fold_version = excluded.fold_version,
                next_due = excluded.next_due, crc = excluded.crc, state = excluded.state
            WHERE (excluded.revision, excluded.fold_version) > (snapshot.revision, snapshot.fold_version)
            """);
        _noteSnapshot = new(connection, "UPDATE twin SET snapshot_revision = ?2, next_due = ?3 WHERE twin_id = ?1");
    }

    /// <summary>The numbers of twins, forgotten with a rollback.</summary>
    public TwinIdentities Identities => _identities;

    /// <summary>
    /// Writes a group. A turn is fenced whose revision does not follow its twin's head, and so are the later turns of
    /// that twin in the group, and its snapshots: they stand on a turn that never was.
    /// </summary>
    public CommitResult Write(IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots)
    {
        _fenced.Clear();
        CommitOutcome[] outcomes = new CommitOutcome[turns.Count];
        int fenced = 0;
        long bytes = 0;
        for (int i = 0; i < outcomes.Length; i++)
        {
            TwinTurn turn = turns[i];
            if (!_fenced.Contains(turn.Twin) && TryAppend(turn))
            {
                bytes += turn.Inputs.Length;
                continue;
            }

            _fenced.Add(turn.Twin);
            outcomes[i] = CommitOutcome.Fenced;
            fenced++;
        }

        int saved = 0;
        foreach (StoredSnapshot snapshot in snapshots)
        {
            if (!_fenced.Contains(snapshot.Twin) && TrySave(snapshot))
            {
                saved++;
                bytes += snapshot.State.Length;
            }
        }

        return new CommitResult(outcomes, fenced, saved, snapshots.Count - saved, bytes);
    }

    /// <summary>The transaction was rolled back.</summary>
    public void Forget() => _identities.Forget();

    /// <inheritdoc/>
    public void Dispose()
    {
        _identities.Dispose();
        _append.Dispose();
        _moveHead.Dispose();
        _list.Dispose();
        _saveSnapshot.Dispose();
        _noteSnapshot.Dispose();
    }

    private bool TryAppend(TwinTurn turn)
    {
        // Only a first turn makes a twin: one that is fenced must leave no trace of it.
        long? twin = turn.Revision == 1 ? _identities.FindOrAdd(turn.Twin) : _identities.Find(turn.Twin);
        if (twin is null)
        {
            return false;
        }

        int appended = _append
            .Bind(1, LogRow.Version)
            .Bind(2, twin)
            .Bind(3, turn.Revision)
            .Bind(4, turn.Time)
            .Bind(5, turn.FoldVersion)
            .Bind(6, (int)LogRow.Checksum(turn))
            .Bind(7, turn.Inputs.Span)
            .Run();
        if (appended == 0)
        {
            return false;
        }

        _moveHead.Bind(1, twin).Bind(2, turn.Revision).Run();
        if (LogRow.ChangesListing(turn))
        {
            _list.Bind(1, twin).Bind(2, turn.Exists == true ? 0 : 1).Run();
        }

        return true;
    }

    private bool TrySave(StoredSnapshot snapshot)
    {
        if (_identities.Find(snapshot.Twin) is not { } twin)
        {
            return false;
        }

        int saved = _saveSnapshot
            .Bind(1, LogRow.Version)
            .Bind(2, twin)
            .Bind(3, snapshot.Revision)
            .Bind(4, snapshot.FoldVersion)
            .Bind(5, snapshot.NextDue)
            .Bind(6, (int)LogRow.Checksum(snapshot))
            .Bind(7, snapshot.State.Span)
            .Run();
        if (saved == 0)
        {
            return false;
        }

        _noteSnapshot.Bind(1, twin).Bind(2, snapshot.Revision).Bind(3, snapshot.NextDue).Run();
        return true;
    }
}
