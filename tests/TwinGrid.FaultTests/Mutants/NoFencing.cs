using TwinGrid.FaultTests.Processes;

namespace TwinGrid.FaultTests.Mutants;

/// <summary>
/// Takes the fences out of the database: no revision is refused for being there, no life of a silo ends.
/// </summary>
internal static class NoFencing
{
    // Triggers of one moment run in the order of their names.
    private const string Sql = """
        ALTER TABLE twingrid.turn DROP CONSTRAINT turn_pkey;
        CREATE INDEX turn_not_unique ON twingrid.turn (twin_id, revision);
        CREATE FUNCTION twingrid.never_fence() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.fenced := false;
            RETURN NEW;
        END $$;
        CREATE TRIGGER x_never_fence BEFORE UPDATE ON twingrid.silo_incarnation
            FOR EACH ROW EXECUTE FUNCTION twingrid.never_fence();
        """;

    /// <summary>Does it.</summary>
    public static Task ApplyAsync(GridDatabase database) => database.ExecuteAsync(Sql);
}
