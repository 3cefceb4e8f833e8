using System.Text.Json;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Silos that must not share a database: the second does not start, and the first notices nothing.</summary>
public sealed class RivalTests
{
    [Fact]
    public async Task Beside_a_cluster_no_silo_starts_that_would_fence_it()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(2);
        await cluster[0].Api.PostTelemetryAsync("pump/p1", """{"temperature":21}""");

        Assert.Contains("TwinGrid:Cluster:SiloName", await RefusedAsync(cluster, "Cluster:SiloName=a"));
        Assert.Contains("TwinGrid:Cluster:ClusterId", await RefusedAsync(cluster, "Cluster:ClusterId=other"));
        Assert.Contains(
            "TwinGrid:Cluster:Membership", await RefusedAsync(cluster, "Cluster:Membership=Localhost"));

        foreach (SiloProcess silo in cluster.Silos)
        {
            Assert.Equal(200, await silo.Api.StatusAsync("/health/ready"));
            JsonElement twin = (await silo.Api.TwinAsync("pump/p1"))!.Value;
            Assert.Equal(21, twin.Number("temperature"));
            Assert.True(twin.GetProperty("durable").GetBoolean());
        }
    }

    [Fact]
    public async Task A_cluster_on_files_is_refused_with_the_keys_to_set()
    {
        using var home = new SiloHome();
        await using SiloProcess silo = SiloProcess.Launch(home, "Cluster:Membership=Sqlite");

        ProgramEnd end = await silo.Program.EndAsync();

        Assert.NotEqual(0, end.ExitCode);
        Assert.Contains("TwinGrid:Cluster:Membership", end.Errors, StringComparison.Ordinal);
        Assert.Contains("TwinGrid:Storage:Provider=PostgreSql", end.Errors, StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(ClusterOfSilos cluster, params string[] settings)
    {
        using var home = new SiloHome();
        await using SiloProcess silo = SiloProcess.Launch(
            home, ["Cluster:Membership=PostgreSql", "Cluster:SiloName=x", .. cluster.Database.Settings, .. settings]);
        ProgramEnd end = await silo.Program.EndAsync();
        Assert.NotEqual(0, end.ExitCode);
        return end.Errors;
    }
}
