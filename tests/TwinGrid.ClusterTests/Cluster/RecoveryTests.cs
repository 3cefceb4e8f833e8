using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>The database and a silo die together.</summary>
public sealed class RecoveryTests
{
    private const int Kinds = 12;
    private const string Definition = """{"kind":"KIND","version":1,"telemetry":{"temperature":{}}}""";

    [Fact]
    public async Task A_silo_that_starts_as_the_database_comes_back_waits_for_it()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        await using ClusterOfSilos cluster = ClusterOfSilos.EmptyOn(server);
        for (int i = 0; i < Kinds; i++)
        {
            // So many that some definitions were kept by the silo that dies, and are read anew by the one that lives.
            cluster.Home.Define($"kind{i}.twin.json", Definition.Replace("KIND", $"kind{i}", StringComparison.Ordinal));
        }

        await cluster.AddAsync([("a", []), ("b", [])]);
        await cluster[0].Api.PostTelemetryAsync("kind1/one", """{"temperature":21}""");

        await cluster.KillAsync(1);
        await server.KillAsync();
        await server.StartAsync();
        await cluster.RestartAsync(1);

        await cluster[1].Api.WaitForTwinAsync(
            "kind1/one", "the reading", static twin => twin.Number("temperature") == 21);
    }
}
