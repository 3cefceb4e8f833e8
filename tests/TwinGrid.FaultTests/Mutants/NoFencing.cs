using TwinGrid.FaultTests.Processes;

namespace TwinGrid.FaultTests.Mutants;

/// <summary>
/// Takes fences out of the database: no life of a silo ends, and no revision is refused for being there.
/// </summary>
internal static class NoFencing
{
    // Triggers of one moment run in the order of their names.
    private const string LifeSql = """
        CREATE FUNCTION twingrid.never_fence() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.fenced := false;
            RETURN NEW;
        END $$;
        CREATE TRIGGER x_never_fence BEFORE UPDATE ON twingrid.silo_incarnation
            FOR EACH ROW EXECUTE FUNCTION twingrid.never_fence();
        """;

    private const string KeySql = """
        ALTER TABLE twingrid.turn DROP CONSTRAINT turn_pkey;
        CREATE INDEX turn_not_unique ON twingrid.turn (twin_id, revision);
        """;

    /// <summary>Does it where the mutant is one of those.</summary>
    public static async Task ApplyAsync(GridDatabase database, Mutant mutant)
    {
        if (mutant is Mutant.NoFencing or Mutant.NoLifeFence)
        {
            await database.ExecuteAsync(LifeSql);
        }

        if (mutant == Mutant.NoFencing)
        {
            await database.ExecuteAsync(KeySql);
        }
    }
}
