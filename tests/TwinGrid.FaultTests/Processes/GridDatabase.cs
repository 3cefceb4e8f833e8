using Npgsql;
using TwinGrid.FaultTests.Checking;
using TwinGrid.Storage.History;
using TwinGrid.Tests.Storage.PostgreSql;
using TwinGrid.Twins.State;

namespace TwinGrid.FaultTests.Processes;

/// <summary>
/// The PostgreSQL of a run, a cluster of its own, and the grid's log as it lies there: single turns and sealed ones.
/// A witness beside the log notes in each commit which silo's life it is of, and each fencing of a life.
/// </summary>
internal sealed class GridDatabase(PostgreSqlServer server) : IAsyncDisposable
{
    private const string Schema = "twingrid";

    // Statement triggers see the rows of a COPY too. A witness' row has the transaction of the rows that it is about,
    // so PostgreSQL's own commit times say what came first: a life's turns, or its fencing.
    private const string WitnessSql = """
        CREATE TABLE twingrid.witnessed_turn (twin_id bigint, revision bigint, life text);
        CREATE TABLE twingrid.witnessed_fencing (incarnation bigint);
        CREATE FUNCTION twingrid.witness_turns() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO twingrid.witnessed_turn
            SELECT twin_id, revision, current_setting('application_name') FROM fresh;
            RETURN NULL;
        END $$;
        CREATE FUNCTION twingrid.witness_fencing() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO twingrid.witnessed_fencing VALUES (NEW.incarnation);
            RETURN NEW;
        END $$;
        CREATE TRIGGER witness_turns AFTER INSERT ON twingrid.turn REFERENCING NEW TABLE AS fresh
            FOR EACH STATEMENT EXECUTE FUNCTION twingrid.witness_turns();
        CREATE TRIGGER witness_fencing BEFORE UPDATE ON twingrid.silo_incarnation
            FOR EACH ROW WHEN (NEW.fenced AND NOT OLD.fenced) EXECUTE FUNCTION twingrid.witness_fencing();
        """;

    // "twingrid STORE.INCARNATION SILO" is what a silo calls its sessions.
    private const string ZombiesSql = """
        SELECT count(*) FROM twingrid.witnessed_turn t
        JOIN (
            SELECT incarnation::text AS number, min(pg_xact_commit_timestamp(xmin)) AS fenced_at
            FROM twingrid.witnessed_fencing GROUP BY incarnation) AS f
            ON split_part(split_part(t.life, ' ', 2), '.', 2) = f.number
        WHERE pg_xact_commit_timestamp(t.xmin) > f.fenced_at
        """;

    private const string TwiceSql = """
        SELECT count(*) FROM (
            SELECT 1 FROM twingrid.witnessed_turn GROUP BY twin_id, revision HAVING count(*) > 1) AS twice
        """;

    private const string TwinsSql = "SELECT twin_id, kind || '/' || key, erased_before FROM twingrid.twin ORDER BY 2";

    private const string SealedSql = """
        SELECT first_revision, turns FROM twingrid.history_turns WHERE twin_id = $1 ORDER BY first_revision
        """;

    private const string TurnsSql = """
        SELECT revision, inputs FROM twingrid.turn WHERE twin_id = $1 AND revision >= $2 ORDER BY revision
        """;

    /// <summary>The server.</summary>
    public PostgreSqlServer Server => server;

    /// <summary>How a silo reaches it.</summary>
    /// <param name="port">The port of its proxy.</param>
    public static string ConnectionString(int port) =>
        $"Host=127.0.0.1;Port={port};Database=postgres;Username=postgres;Search Path={Schema}";

    /// <summary>Makes a cluster.</summary>
    /// <exception cref="NoResultException">PostgreSQL is not installed.</exception>
    public static async Task<GridDatabase> StartAsync()
    {
        string programs = PostgreSqlServer.FindPrograms()
            ?? throw new NoResultException("PostgreSQL is not installed: the harness needs initdb and postgres");
        return new GridDatabase(await PostgreSqlServer.StartAsync(
            programs, "track_commit_timestamp=on", "synchronous_commit=on"));
    }

    /// <summary>Puts the witness beside the log, once the grid has made its tables.</summary>
    public Task WitnessAsync() => ExecuteAsync(WitnessSql);

    /// <summary>Rows that a life committed after it was fenced.</summary>
    public Task<long> ZombieCommitsAsync() => CountAsync(ZombiesSql);

    /// <summary>Revisions that were committed more than once.</summary>
    public Task<long> DoubleCommitsAsync() => CountAsync(TwiceSql);

    /// <summary>Lives of silos that were fenced.</summary>
    public Task<long> FencedLivesAsync() =>
        CountAsync("SELECT count(DISTINCT incarnation) FROM twingrid.witnessed_fencing");

    /// <summary>The twins and their logs, one after the other; each is read when it is its turn.</summary>
    public async IAsyncEnumerable<(string Twin, IReadOnlyList<LoggedTurn> Log)> ReadLogsAsync()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        List<(long Number, string Twin, long From)> twins = [];
        await using (NpgsqlCommand find = new(TwinsSql, connection))
        {
            await using NpgsqlDataReader row = await find.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                twins.Add((row.GetInt64(0), row.GetString(1), row.GetInt64(2)));
            }
        }

        foreach ((long number, string twin, long from) in twins)
        {
            List<LoggedTurn> log = await ReadSealedAsync(connection, number, twin);
            await using NpgsqlCommand read = new(TurnsSql, connection)
            {
                Parameters = { new() { Value = number }, new() { Value = from } },
            };
            await using NpgsqlDataReader row = await read.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                log.Add(Turn(row.GetInt64(0), row.GetFieldValue<byte[]>(1)));
            }

            yield return (twin, log);
        }
    }

    /// <summary>A connection that no fault of the links touches.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        NpgsqlConnection connection = new($"{server.ConnectionString};Pooling=false;Command Timeout=120");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs statements behind the grid's back.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private static async Task<List<LoggedTurn>> ReadSealedAsync(NpgsqlConnection connection, long number, string twin)
    {
        List<LoggedTurn> log = [];
        TwinId id = TwinId.Parse(twin, null);
        await using NpgsqlCommand read = new(SealedSql, connection) { Parameters = { new() { Value = number } } };
        await using NpgsqlDataReader row = await read.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            log.AddRange(TurnSegment.Unpack(id, row.GetInt64(0), row.GetFieldValue<byte[]>(1))
                .Select(static turn => Turn(turn.Revision, turn.Inputs)));
        }

        return log;
    }

    private static LoggedTurn Turn(long revision, ReadOnlyMemory<byte> inputs) =>
        new(revision, inputs[TurnHeader.Size..]);

    private async Task<long> CountAsync(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
