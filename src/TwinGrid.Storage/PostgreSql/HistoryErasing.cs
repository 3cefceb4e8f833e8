using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Erases a twin's oldest turns in steps, each a transaction of its own, oldest first: between two steps the twin is
/// whole, and commits go between. A step locks the rows of all incarnations, so that no commit runs beside it that
/// looked at the turns before.
/// </summary>
internal static class HistoryErasing
{
    /// <summary>Turns of one step: as many as a large group of turns has, so that no commit waits longer.</summary>
    private const int StepTurns = 500;

    /// <summary>Sealed parts of one step.</summary>
    private const int StepParts = 100;

    // A silo that was stopped in the middle of a commit holds its row until the server ends it: the other silos, whose
    // rows this one has by then, must not wait for that as well.
    private const string WaitSql = "SET LOCAL lock_timeout = '1s'";

    private const string LockSql = "SELECT incarnation FROM silo_incarnation WHERE NOT fenced ORDER BY 1 FOR UPDATE";

    // A snapshot that the remaining turns cannot continue is a part of what is erased. Sealed turns may still be in the
    // log, before erased_before. What is sealed next goes on from what is left: an empty twin, or the snapshot where
    // all before it went.
    private const string StepSql = """
        WITH step AS (
            SELECT u.twin_id, u.erased_before, plan.before,
                LEAST(plan.before, LEAST(u.erased_before, plan.oldest) + $5) AS until
            FROM twin u, LATERAL (
                SELECT
                    LEAST($4, 1 + COALESCE(
                        (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
                        u.erased_before - 1)) AS before,
                    COALESCE(
                        (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision LIMIT 1),
                        u.erased_before) AS oldest) plan
            WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3
                AND plan.before > LEAST(u.erased_before, plan.oldest)),
        turns AS (
            DELETE FROM turn USING step WHERE turn.twin_id = step.twin_id AND turn.revision < step.until),
        snapshots AS (
            DELETE FROM snapshot USING step
            WHERE snapshot.twin_id = step.twin_id AND snapshot.revision < step.before - 1),
        states AS (
            DELETE FROM sealed USING step WHERE sealed.twin_id = step.twin_id AND sealed.revision < step.before
                AND NOT EXISTS (
                    SELECT 1 FROM snapshot s WHERE s.twin_id = step.twin_id AND s.revision = step.before - 1)),
        next AS (
            INSERT INTO sealed (twin_id, revision, sealed_at, next_due, crc, record, fold_version, state)
            SELECT s.twin_id, s.revision, 0, s.next_due, s.crc, s.record, s.fold_version, s.state
            FROM snapshot s JOIN step ON s.twin_id = step.twin_id AND s.revision = step.before - 1
            ON CONFLICT (twin_id) DO UPDATE SET
                revision = excluded.revision, sealed_at = 0, next_due = excluded.next_due, crc = excluded.crc,
                record = excluded.record, fold_version = excluded.fold_version, state = excluded.state
            WHERE sealed.revision <= excluded.revision),
        noted AS (
            UPDATE twin SET
                erased_before = GREATEST(step.erased_before, step.until),
                next_due = CASE WHEN snapshot_revision < step.before - 1 THEN NULL ELSE next_due END,
                snapshot_revision =
                    CASE WHEN snapshot_revision < step.before - 1 THEN 0 ELSE snapshot_revision END
            FROM step WHERE twin.twin_id = step.twin_id)
        SELECT step.until < step.before FROM step
        """;

    // Some parts, with all readings that were sealed with them.
    private const string SealedSql = """
        WITH bound AS (
            SELECT u.twin_id, LEAST($4, (
                SELECT h.first_revision FROM history_turns h WHERE h.twin_id = u.twin_id
                ORDER BY h.first_revision OFFSET $5 LIMIT 1)) AS before
            FROM twin u WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3),
        turns AS (
            DELETE FROM history_turns WHERE twin_id = (SELECT twin_id FROM bound)
                AND first_revision < (SELECT before FROM bound)),
        listing AS (
            UPDATE sealed_in SET contents = NULL WHERE twin_id = (SELECT twin_id FROM bound)),
        readings AS (
            DELETE FROM history_readings WHERE twin_id = (SELECT twin_id FROM bound)
                AND first_revision < (SELECT before FROM bound))
        SELECT before < $4 FROM bound
        """;

    /// <summary>
    /// Erases some of the sealed parts that begin before a revision, in the transaction under way. No commit depends
    /// on what is sealed, so none has to wait.
    /// </summary>
    /// <returns>True when there is more.</returns>
    public static async Task<bool> EraseSealedAsync(NpgsqlConnection connection, TwinId twin, long beforeRevision)
    {
        NpgsqlCommand erase = Command(connection, SealedSql, twin, beforeRevision, StepParts);
        await using (erase.ConfigureAwait(false))
        {
            return await erase.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is true;
        }
    }

    /// <summary>Erases one step in the transaction under way.</summary>
    /// <returns>True when there is more; null when the incarnation is fenced.</returns>
    public static async Task<bool?> EraseStepAsync(
        NpgsqlConnection connection, Incarnation incarnation, TwinId twin, long beforeRevision)
    {
        if (!await LockAllAsync(connection, incarnation).ConfigureAwait(false))
        {
            return null;
        }

        NpgsqlCommand step = Command(connection, StepSql, twin, beforeRevision, StepTurns);
        await using (step.ConfigureAwait(false))
        {
            return await step.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is true;
        }
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string sql, TwinId twin, long beforeRevision, long step)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = twin.Kind });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = twin.Key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = beforeRevision });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = step });
        return command;
    }

    private static async Task<bool> LockAllAsync(NpgsqlConnection connection, Incarnation incarnation)
    {
        bool isCurrent = false;
        await PostgreSqlSchema.ExecuteAsync(connection, WaitSql, CancellationToken.None).ConfigureAwait(false);
        NpgsqlCommand all = new(LockSql, connection);
        await using (all.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await all.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    isCurrent |= row.GetInt64(0) == incarnation.Number;
                }
            }
        }

        return isCurrent;
    }
}
