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

    private const string LockSql = "SELECT incarnation FROM silo_incarnation WHERE NOT fenced ORDER BY 1 FOR UPDATE";

    // A snapshot that the remaining turns cannot continue is a part of what is erased.
    private const string StepSql = """
        WITH step AS (
            SELECT u.twin_id, u.erased_before, plan.before,
                LEAST(plan.before, u.erased_before + $5) AS until
            FROM twin u, LATERAL (
                SELECT LEAST($4, 1 + COALESCE(
                    (SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1),
                    u.erased_before - 1)) AS before) plan
            WHERE u.tenant = $1 AND u.kind = $2 AND u.key = $3 AND plan.before > u.erased_before),
        turns AS (
            DELETE FROM turn USING step WHERE turn.twin_id = step.twin_id AND turn.revision < step.until),
        snapshots AS (
            DELETE FROM snapshot USING step
            WHERE snapshot.twin_id = step.twin_id AND snapshot.revision < step.before - 1),
        noted AS (
            UPDATE twin SET
                erased_before = step.until,
                next_due = CASE WHEN snapshot_revision < step.before - 1 THEN NULL ELSE next_due END,
                snapshot_revision =
                    CASE WHEN snapshot_revision < step.before - 1 THEN 0 ELSE snapshot_revision END
            FROM step WHERE twin.twin_id = step.twin_id)
        SELECT step.until < step.before FROM step
        """;

    /// <summary>Erases one step in the transaction under way.</summary>
    /// <returns>True when there is more; null when the incarnation is fenced.</returns>
    public static async Task<bool?> EraseStepAsync(
        NpgsqlConnection connection, Incarnation incarnation, TwinId twin, long beforeRevision)
    {
        if (!await LockAllAsync(connection, incarnation).ConfigureAwait(false))
        {
            return null;
        }

        NpgsqlCommand step = new(StepSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
                new NpgsqlParameter<string> { TypedValue = twin.Kind },
                new NpgsqlParameter<string> { TypedValue = twin.Key },
                new NpgsqlParameter<long> { TypedValue = beforeRevision },
                new NpgsqlParameter<long> { TypedValue = StepTurns },
            },
        };
        await using (step.ConfigureAwait(false))
        {
            return await step.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is true;
        }
    }

    private static async Task<bool> LockAllAsync(NpgsqlConnection connection, Incarnation incarnation)
    {
        bool isCurrent = false;
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
