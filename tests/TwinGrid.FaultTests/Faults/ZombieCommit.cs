using Npgsql;
using TwinGrid.FaultTests.Processes;

namespace TwinGrid.FaultTests.Faults;

/// <summary>
/// What a silo could try that wakes in the middle of a commit, done in its name: a turn is put into the log for a
/// revision that is there, under the name of its life's sessions and behind its incarnation's lock, as silos do. A
/// silo's own commit looks at the twin's head first; this leaves out that look, so that the database's fences stand
/// alone. In a grid that is fenced nothing goes in.
/// </summary>
internal sealed class ZombieCommit
{
    private const string LifeSql = """
        SELECT application_name FROM pg_stat_activity
        WHERE application_name LIKE 'twingrid %' AND split_part(application_name, ' ', 3) = $1
        ORDER BY backend_start DESC LIMIT 1
        """;

    private const string NameSql = "SELECT set_config('application_name', $1, false)";

    private const string CommitSql = """
        INSERT INTO twingrid.turn (twin_id, revision, time, crc, record, fold_version, inputs)
        SELECT twin_id, revision, t.time, t.crc, t.record, t.fold_version, t.inputs
        FROM twingrid.turn t JOIN twingrid.twin w USING (twin_id)
        WHERE w.kind = 'asset' AND t.revision >= w.erased_before AND EXISTS (
            SELECT 1 FROM twingrid.silo_incarnation WHERE NOT fenced
                AND incarnation::text = split_part(split_part($1, ' ', 2), '.', 2) FOR SHARE)
        ORDER BY t.time DESC LIMIT 1
        """;

    private readonly GridDatabase _database;
    private readonly string? _life;

    private ZombieCommit(GridDatabase database, string? life)
    {
        _database = database;
        _life = life;
    }

    /// <summary>Remembers what the life of a silo that is about to be paused is called.</summary>
    public static async Task<ZombieCommit> PrepareAsync(GridDatabase database, string silo)
    {
        await using NpgsqlConnection connection = await database.OpenAsync();
        await using NpgsqlCommand find = Command(connection, LifeSql, silo);
        return new ZombieCommit(database, await find.ExecuteScalarAsync() as string);
    }

    /// <summary>Tries it; what goes in is seen by the witness beside the log.</summary>
    public async Task TryAsync()
    {
        if (_life is null)
        {
            return;
        }

        await using NpgsqlConnection connection = await _database.OpenAsync();
        await using NpgsqlCommand name = Command(connection, NameSql, _life);
        await name.ExecuteNonQueryAsync();
        try
        {
            await using NpgsqlCommand commit = Command(connection, CommitSql, _life);
            await commit.ExecuteNonQueryAsync();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Fenced by the log's own key, as it should be where the life was not given up.
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, string value) =>
        new(sql, connection) { Parameters = { new() { Value = value } } };
}
