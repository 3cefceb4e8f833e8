using Npgsql;
using TwinGrid.FaultTests.Processes;
using TwinGrid.Storage.Log;
using TwinGrid.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Faults;

/// <summary>
/// What a silo could try that wakes in the middle of a commit, done in its name, under the name of its life's sessions.
/// Of each life that is to be given up, two turns: one at a revision that is there, without the look at the twin's head
/// that a silo's own commit has, so that the primary key stands alone; and, once the life is fenced, the next revision
/// of a twin by the silos' own commit, so that the life's fence stands alone. In a grid that is fenced nothing goes in.
/// </summary>
internal sealed class ZombieCommits(GridDatabase database)
{
    private const int AttemptsAtHead = 5;

    private const string LifeSql = """
        SELECT application_name FROM pg_stat_activity
        WHERE application_name LIKE 'twingrid %' AND split_part(application_name, ' ', 3) = $1
        ORDER BY backend_start DESC LIMIT 1
        """;

    private const string NameSql = "SELECT set_config('application_name', $1, false)";

    private const string RepeatSql = """
        INSERT INTO twingrid.turn (twin_id, revision, time, crc, record, fold_version, inputs)
        SELECT twin_id, revision, t.time, t.crc, t.record, t.fold_version, t.inputs
        FROM twingrid.turn t JOIN twingrid.twin w USING (twin_id)
        WHERE w.kind = 'asset' AND t.revision >= w.erased_before AND EXISTS (
            SELECT 1 FROM twingrid.silo_incarnation WHERE NOT fenced
                AND incarnation::text = split_part(split_part($1, ' ', 2), '.', 2) FOR SHARE)
        ORDER BY t.time DESC LIMIT 1
        """;

    // The witness saw the fencing, also where a mutant takes it back.
    private const string FencedSql = """
        SELECT 1 FROM twingrid.witnessed_fencing
        WHERE incarnation::text = split_part(split_part($1, ' ', 2), '.', 2) LIMIT 1
        """;

    private const string HeadSql = """
        SELECT w.kind, w.key, t.revision, t.time, t.fold_version, t.inputs FROM twingrid.twin w CROSS JOIN LATERAL (
            SELECT * FROM twingrid.turn t WHERE t.twin_id = w.twin_id AND t.revision >= w.erased_before
            ORDER BY t.revision DESC LIMIT 1) AS t
        WHERE w.kind = 'asset' ORDER BY random() LIMIT 1
        """;

    private readonly List<string> _lives = [];

    /// <summary>Fenced lives in whose name the silos' own commit was tried and answered.</summary>
    public int Attempts { get; private set; }

    /// <summary>Remembers what the life of a silo is called that is about to be paused or killed.</summary>
    public Task RememberAsync(string silo) => AnsweredAsync(async connection =>
    {
        await using NpgsqlCommand find = Command(connection, LifeSql, silo);
        if (await find.ExecuteScalarAsync() is string life && !_lives.Contains(life))
        {
            _lives.Add(life);
        }
    });

    /// <summary>
    /// Tries what can be tried now in the names of all lives that are remembered; one that is not fenced yet is tried
    /// again the next time. What goes in is seen by the witness beside the log.
    /// </summary>
    public async Task TryAsync()
    {
        foreach (string life in _lives.ToArray())
        {
            await AnsweredAsync(connection => RepeatAsync(connection, life));
            await AnsweredAsync(async connection =>
            {
                if (await TryNextAsync(connection, life))
                {
                    Attempts++;
                    _lives.Remove(life);
                }
            });
        }
    }

    private static async Task RepeatAsync(NpgsqlConnection connection, string life)
    {
        await using NpgsqlCommand name = Command(connection, NameSql, life);
        await name.ExecuteNonQueryAsync();
        try
        {
            await using NpgsqlCommand commit = Command(connection, RepeatSql, life);
            await commit.ExecuteNonQueryAsync();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Fenced by the log's own key, as it should be where the life was not given up.
        }
    }

    // False where the life is not fenced, or the twin's own silo was quicker each time.
    private async Task<bool> TryNextAsync(NpgsqlConnection connection, string life)
    {
        await using NpgsqlCommand fenced = Command(connection, FencedSql, life);
        if (await fenced.ExecuteScalarAsync() is null)
        {
            return false;
        }

        await using NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(
            database.OwnConnectionString) { ApplicationName = life, Pooling = false });
        Incarnation incarnation = new(long.Parse(life.Split(' ')[1].Split('.')[1], null), life);
        await using TurnSession session = await TurnSession.OpenAsync(source, incarnation, CancellationToken.None);
        for (int attempt = 0; attempt < AttemptsAtHead; attempt++)
        {
            if (await NextTurnAsync(connection) is { } turn)
            {
                CommitResult? result = await session.CommitAsync(new TurnGroup([turn], [], []));
                if (result is not { Fenced: > 0 })
                {
                    return true;
                }
            }
        }

        return false;
    }

    // The turn that is there once more, as the one after it.
    private static async Task<TwinTurn?> NextTurnAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand find = new(HeadSql, connection);
        await using NpgsqlDataReader row = await find.ExecuteReaderAsync();
        return await row.ReadAsync()
            ? new TwinTurn
            {
                Twin = new TwinId(row.GetString(0), row.GetString(1)),
                Revision = row.GetInt64(2) + 1,
                Time = row.GetInt64(3),
                FoldVersion = (byte)row.GetInt16(4),
                Inputs = row.GetFieldValue<byte[]>(5),
            }
            : null;
    }

    // A server that is away, or ends sessions of that name because it fences them just now, is one that did not answer:
    // the next time will tell, and a run in which none did is no result.
    private async Task AnsweredAsync(Func<NpgsqlConnection, Task> ask)
    {
        try
        {
            await using NpgsqlConnection connection = await database.OpenAsync();
            await ask(connection);
        }
        catch (NpgsqlException)
        {
            // See above.
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, string value) =>
        new(sql, connection) { Parameters = { new() { Value = value } } };
}
