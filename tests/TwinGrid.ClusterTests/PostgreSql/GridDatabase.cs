using Npgsql;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>A schema of one grid's own, and its log as it lies there, read with nothing of the grid.</summary>
internal sealed class GridDatabase(PostgreSqlServer server, string database = "postgres")
{
    private static int _grids;

    private readonly string _schema = $"grid_{Environment.ProcessId}_{Interlocked.Increment(ref _grids)}";

    private string Connection => $"{server.ConnectionString};Database={database};Search Path={_schema}";

    /// <summary>Dumps it, and restores it in another database.</summary>
    /// <returns>The settings of a silo that keeps its twins there.</returns>
    public async Task<string[]> RestoreElsewhereAsync(Func<Task> meanwhile)
    {
        string database = await server.RestoreElsewhereAsync(_schema, meanwhile);
        return ["Storage:Provider=PostgreSql", $"Storage:ConnectionString={Connection};Database={database}"];
    }

    /// <summary>The settings of a silo that keeps its twins there.</summary>
    public string[] Settings => ["Storage:Provider=PostgreSql", $"Storage:ConnectionString={Connection}"];

    /// <summary>The revisions of each twin, in order: single turns, and those that are sealed.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<long>>> RevisionsAsync()
    {
        await using var connection = new NpgsqlConnection($"{Connection};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            SELECT kind || '/' || key, revision FROM (
                SELECT twin_id, revision FROM turn JOIN twin USING (twin_id) WHERE revision >= erased_before
                UNION ALL
                SELECT twin_id, generate_series(first_revision, last_revision) FROM history_turns) AS log
            JOIN twin USING (twin_id) ORDER BY 1, 2
            """,
            connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        Dictionary<string, List<long>> revisions = [];
        while (await row.ReadAsync())
        {
            if (!revisions.TryGetValue(row.GetString(0), out List<long>? list))
            {
                revisions[row.GetString(0)] = list = [];
            }

            list.Add(row.GetInt64(1));
        }

        return revisions.ToDictionary(static pair => pair.Key, static IReadOnlyList<long> (pair) => pair.Value);
    }

    /// <summary>Looks into the database, or changes it, behind the grid's back.</summary>
    public async Task<object?> ReadAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{Connection};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Ends every session of the grid.</summary>
    public async Task EndSessionsAsync()
    {
        await using var connection = new NpgsqlConnection($"{Connection};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'twingrid %'",
            connection);
        await command.ExecuteNonQueryAsync();
    }
}
