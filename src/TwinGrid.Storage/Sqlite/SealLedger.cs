using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Says how far each twin is sealed, in the writer's transaction, and takes sealed turns from the log in the order of
/// the log: whole pages become free, 0.3 KB are written a turn. Deleting a twin's turns when it is sealed would write
/// the page of each of them, 8 KB a turn.
/// </summary>
internal sealed class SealLedger : IDisposable
{
    /// <summary>Rows of the log, or twins, that one step looks at.</summary>
    private const int StepRows = 500;

    /// <summary>A sweep is worth its while after so many sealed turns, or a quarter of what the last one saw.</summary>
    private const int WorthSweeping = 50_000;

    private readonly TwinIdentities _identities;
    private readonly SqliteStatement _move;
    private readonly SqliteStatement _saveState;
    private readonly SqliteStatement _noteInTwin;
    private readonly SealedListing _listing;
    private readonly SqliteStatement _sweepEnd;
    private readonly SqliteStatement _markEnd;
    private readonly SqliteStatement _mark;
    private readonly SqliteStatement _newest;
    private readonly SqliteStatement _delete;
    private long _sealedSince = WorthSweeping;
    private long _begunWith;
    private Progress _now;
    private Progress _before;

    /// <summary>Prepares it.</summary>
    /// <param name="connection">The writer's.</param>
    /// <param name="identities">Numbers of twins, whose owner forgets and disposes them.</param>
    public SealLedger(SqliteConnection connection, TwinIdentities identities)
    {
        _identities = identities;
        _move = new(connection, """
            INSERT INTO sealed (twin_id, revision, sealed_at, incarnation, listed)
            SELECT twin_id, ?3, ?4, ?5, ?3 FROM twin JOIN head USING (twin_id)
            WHERE twin_id = ?1 AND revision >= ?3
                AND max(erased_before - 1, coalesce((SELECT revision FROM sealed WHERE twin_id = ?1), 0)) = ?2
            ON CONFLICT (twin_id) DO UPDATE SET
                revision = excluded.revision, sealed_at = excluded.sealed_at, incarnation = excluded.incarnation,
                listed = iif(listed = revision, excluded.revision, listed)
            """);
        _saveState = new(connection, """
            INSERT INTO sealed_state VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (twin_id) DO UPDATE SET
                record = excluded.record, revision = excluded.revision, fold_version = excluded.fold_version,
                next_due = excluded.next_due, crc = excluded.crc, state = excluded.state
            """);

        // An older TwinGrid reads the log from there: what is sealed it takes for erased.
        _noteInTwin = new(connection, "UPDATE twin SET erased_before = ?2 WHERE twin_id = ?1");
        _listing = new SealedListing(connection);
        _markEnd = new(connection, """
            SELECT max(twin_id) FROM (SELECT twin_id FROM sealed WHERE twin_id > ?1 ORDER BY twin_id LIMIT ?2)
            """);
        _mark = new(connection, """
            UPDATE sealed SET sweep_before = revision + 1
            WHERE twin_id > ?1 AND twin_id <= ?2 AND sweep_before <> revision + 1
            """);
        _newest = new(connection, "SELECT max(turn_id) FROM turn");
        _sweepEnd = new(connection, """
            SELECT max(turn_id) FROM (
                SELECT turn_id FROM turn WHERE turn_id > ?1 AND turn_id < ?2 ORDER BY turn_id LIMIT ?3)
            """);
        _delete = new(connection, """
            DELETE FROM turn WHERE turn_id > ?1 AND turn_id <= ?2
                AND revision < (SELECT sweep_before FROM sealed WHERE sealed.twin_id = turn.twin_id)
            """);
    }

    /// <summary>Makes a part visible whose rows are on disk.</summary>
    /// <param name="part">The part.</param>
    /// <param name="rows">Its rows by the names of the files that they are in.</param>
    /// <param name="now">Unix microseconds.</param>
    /// <param name="incarnation">Who seals.</param>
    /// <returns>False, and nothing changed, where it does not follow what is sealed.</returns>
    public bool TryMove(SealedTurns part, ILookup<string, HistoryRow> rows, long now, long incarnation)
    {
        long last = part.Turns[^1].Revision;
        if (_identities.Find(part.Twin) is not { } twin
            || _move.Bind(1, twin).Bind(2, part.Turns[0].Revision - 1).Bind(3, last).Bind(4, now).Bind(5, incarnation)
                .Run() == 0)
        {
            return false;
        }

        _saveState
            .Bind(1, twin)
            .Bind(2, LogRow.Version)
            .Bind(3, part.End.Revision)
            .Bind(4, part.End.FoldVersion)
            .Bind(5, part.End.NextDue)
            .Bind(6, (int)LogRow.Checksum(part.End))
            .Bind(7, part.End.State.Span)
            .Run();
        _noteInTwin.Bind(1, twin).Bind(2, last + 1).Run();
        _listing.Add(part.Twin, twin, rows);
        _sealedSince += part.Turns.Count;
        return true;
    }

    /// <summary>Files are about to be dropped: what is listed of them is void.</summary>
    public void NoteDropped(IEnumerable<string> files) => _listing.Drop(files);

    /// <summary>Some of a twin's sealed parts are about to be erased.</summary>
    public void NoteErasing(long twin) => _listing.Forget(twin);

    /// <summary>Makes a step of a sweep, or begins one where it is worth its while.</summary>
    /// <returns>False where there is nothing to do.</returns>
    public bool Sweep()
    {
        (_before, _begunWith) = (_now, 0);
        if (_now is { Marked: null, Swept: null })
        {
            if (_sealedSince < Math.Max(WorthSweeping, _now.Seen / 4))
            {
                return false;
            }

            (_begunWith, _sealedSince) = (_sealedSince, 0);
            _now = new Progress(Marked: 0, Swept: null, End: 0, Seen: 0);
        }

        if (_now.Marked is { } marked)
        {
            Mark(marked);
            return true;
        }

        return SweepStep(_now.Swept!.Value);
    }

    /// <summary>
    /// A transaction was rolled back: the last step is made again. Where it was another's, that finds nothing to do.
    /// </summary>
    public void Forget()
    {
        _now = _before;
        _sealedSince += _begunWith;
        _begunWith = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listing.Dispose();
        SqliteStatement[] all =
            [_move, _saveState, _noteInTwin, _sweepEnd, _markEnd, _mark, _newest, _delete];
        Array.ForEach(all, statement => statement.Dispose());
    }

    private void Mark(long after)
    {
        if (_markEnd.Bind(1, after).Bind(2, StepRows).Find() is { } end)
        {
            _mark.Bind(1, after).Bind(2, end).Run();
            _now = _now with { Marked = end };
            return;
        }

        // The newest row stays: SQLite gives the number after the greatest to the next row, and must not go back.
        _now = _now with { Marked = null, Swept = 0, End = _newest.Find() ?? 0 };
    }

    private bool SweepStep(long after)
    {
        if (_sweepEnd.Bind(1, after).Bind(2, _now.End).Bind(3, StepRows).Find() is not { } end)
        {
            _now = _now with { Swept = null };
            return false;
        }

        _delete.Bind(1, after).Bind(2, end).Run();
        _now = _now with { Swept = end, Seen = _now.Seen + StepRows };
        return true;
    }

    /// <summary>How far a sweep is.</summary>
    /// <param name="Marked">The last twin that was marked; null where none are to be.</param>
    /// <param name="Swept">The last row of the log that was looked at; null where none are to be.</param>
    /// <param name="End">The row that it goes up to.</param>
    /// <param name="Seen">Rows that this sweep, or the last one, looked at.</param>
    private readonly record struct Progress(long? Marked, long? Swept, long End, long Seen);
}
