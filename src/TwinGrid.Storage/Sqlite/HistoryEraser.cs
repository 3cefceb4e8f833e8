using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Erases a twin's oldest turns in steps, each a transaction of its own, oldest first: between two steps the twin is
/// whole, and commits of other twins go between.
/// </summary>
internal sealed class HistoryEraser : IDisposable
{
    /// <summary>Turns of one step: as many as a large group of turns has, so that no commit waits longer.</summary>
    public const int StepTurns = 500;

    private readonly SqliteStatement _dropSnapshot;
    private readonly SqliteStatement _noteErased;
    private readonly SqliteStatement _deleteTurn;
    private readonly SqliteStatement _moveSealed;
    private readonly SqliteStatement _dropListing;
    private readonly SqliteStatement _dropState;
    private readonly SqliteStatement _takeState;

    public HistoryEraser(SqliteConnection connection)
    {
        _dropSnapshot = new(connection, "DELETE FROM snapshot WHERE twin_id = ?1 AND revision < ?2 - 1");
        _noteErased = new(connection, """
            UPDATE twin SET
                erased_before = max(erased_before, ?2),
                next_due = iif(snapshot_revision < ?3 - 1, NULL, next_due),
                snapshot_revision = iif(snapshot_revision < ?3 - 1, 0, snapshot_revision)
            WHERE twin_id = ?1
            """);
        _deleteTurn = new(connection, "DELETE FROM turn WHERE turn_id = ?1 AND twin_id = ?2");
        _moveSealed = new(connection, """
            UPDATE sealed SET
                revision = max(revision, ?2 - 1), kept_from = max(kept_from, ?2),
                listed = iif(listed = revision, max(revision, ?2 - 1), listed)
            WHERE twin_id = ?1
            """);
        _dropListing = new(connection, """
            DELETE FROM sealed_in
            WHERE twin_id = ?1 AND (SELECT revision FROM sealed WHERE sealed.twin_id = ?1) < ?2
            """);
        _dropState = new(connection, "DELETE FROM sealed_state WHERE twin_id = ?1 AND revision < ?2");
        _takeState = new(connection, """
            INSERT INTO sealed_state SELECT twin_id, record, revision, fold_version, next_due, crc, state
            FROM snapshot WHERE twin_id = ?1 AND revision = ?2 - 1
            ON CONFLICT DO NOTHING
            """);
    }

    /// <summary>Erases one step.</summary>
    /// <param name="plan">What the whole erasing takes.</param>
    /// <param name="from">The step's first turn in the plan.</param>
    public void Erase(ErasePlan plan, int from)
    {
        int to = Math.Min(from + StepTurns, plan.TurnIds.Count);
        long erasedBefore = plan.BeforeRevision - (plan.TurnIds.Count - to);

        // A snapshot that the remaining turns cannot continue is a part of what is erased.
        _dropSnapshot.Bind(1, plan.Twin).Bind(2, plan.BeforeRevision).Run();
        _noteErased.Bind(1, plan.Twin).Bind(2, erasedBefore).Bind(3, plan.BeforeRevision).Run();
        EraseSealed(plan);
        for (int i = from; i < to; i++)
        {
            _deleteTurn.Bind(1, plan.TurnIds[i]).Bind(2, plan.Twin).Run();
        }
    }

    // What is sealed next goes on from what is left: an empty twin, or the snapshot where all of the log went.
    private void EraseSealed(ErasePlan plan)
    {
        _dropListing.Bind(1, plan.Twin).Bind(2, plan.BeforeRevision).Run();
        _moveSealed.Bind(1, plan.Twin).Bind(2, plan.BeforeRevision).Run();
        _dropState.Bind(1, plan.Twin).Bind(2, plan.BeforeRevision).Run();
        _takeState.Bind(1, plan.Twin).Bind(2, plan.BeforeRevision).Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _moveSealed.Dispose();
        _dropListing.Dispose();
        _dropState.Dispose();
        _takeState.Dispose();
        _dropSnapshot.Dispose();
        _noteErased.Dispose();
        _deleteTurn.Dispose();
    }
}

/// <summary>The turns of one twin that are to be erased.</summary>
/// <param name="Twin">The number of the twin.</param>
/// <param name="BeforeRevision">All before it go; at most one more than the twin's revision.</param>
/// <param name="TurnIds">Their rows, oldest first: consecutive revisions up to the one before that.</param>
internal sealed record ErasePlan(long Twin, long BeforeRevision, IReadOnlyList<long> TurnIds);
