namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>What tests want of a PostgreSQL: one for all of an assembly, one to kill, dumps, guarded roles.</summary>
internal sealed partial class PostgreSqlServer
{
    private static readonly Lock Gate = new();
    private static readonly SemaphoreSlim GuardGate = new(1);
    private static Task<PostgreSqlServer>? _shared;

    /// <summary>The one cluster of a test assembly; skips the test where PostgreSQL is missing.</summary>
    public static Task<PostgreSqlServer> SharedAsync()
    {
        string programs = RequirePrograms();
        lock (Gate)
        {
            return _shared ??= StartAsync(programs);
        }
    }

    /// <summary>A cluster that a test may kill; skips the test where PostgreSQL is missing.</summary>
    public static Task<PostgreSqlServer> StartOwnAsync() => StartAsync(RequirePrograms());

    /// <summary>Makes a role whose password is asked for and known to nobody.</summary>
    public async Task GuardAsync(string role)
    {
        await GuardGate.WaitAsync();
        try
        {
            string rules = Path.Combine(Data, "pg_hba.conf");
            string rule = $"host all {role} 127.0.0.1/32 scram-sha-256\n";
            string before = await File.ReadAllTextAsync(rules);
            if (!before.StartsWith(rule, StringComparison.Ordinal))
            {
                await File.WriteAllTextAsync(rules, rule + before);
                await RunAsync(
                    "psql", "-h", "127.0.0.1", "-p", $"{Port}", "-U", "postgres", "-c",
                    $"CREATE ROLE {role} LOGIN PASSWORD '{Path.GetRandomFileName()}'", "-c", "SELECT pg_reload_conf()");
            }
        }
        finally
        {
            GuardGate.Release();
        }
    }

    /// <summary>Dumps a schema while it is written and restores it in a database of its own.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="meanwhile">Runs between both.</param>
    /// <returns>The name of the database.</returns>
    public async Task<string> RestoreElsewhereAsync(string schema, Func<Task> meanwhile)
    {
        string file = Path.Combine(_directory, $"{schema}.dump");
        string database = $"restored_{schema}";
        string[] server = ["-h", "127.0.0.1", "-p", $"{Port}", "-U", "postgres"];
        Assert.Equal(0, await RunAsync("pg_dump", [.. server, "-Fc", "-n", schema, "-f", file, "postgres"]));
        await meanwhile();
        Assert.Equal(0, await RunAsync("createdb", [.. server, database]));
        Assert.Equal(0, await RunAsync("pg_restore", [.. server, "--exit-on-error", "-d", database, file]));
        return database;
    }

    /// <summary>Ends the shared one where it was started.</summary>
    public static async Task EndSharedAsync()
    {
        Task<PostgreSqlServer>? shared;
        lock (Gate)
        {
            shared = _shared;
        }

        if (shared is not null)
        {
            await (await shared).DisposeAsync();
        }
    }

    private static string RequirePrograms()
    {
        string? found = FindPrograms();
        if (found is null)
        {
            Assert.Skip("PostgreSQL is not installed");
        }

        return found;
    }
}
