using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Two versions side by side, as in every rolling update.</summary>
[Collection(nameof(QuietMachine))]
public sealed class VersionTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_rolling_update_from_another_version_and_back_fails_no_call_and_loses_no_reading()
    {
        string other = await OtherVersion.SiloProgramAsync();
        string ours = Repository.SiloProgram;
        await using ClusterOfSilos cluster = await ClusterOfSilos.EmptyAsync();
        cluster.Program = other;
        await cluster.AddAsync([("a", []), ("b", []), ("c", [])]);
        await using ClusterLoad load = await ClusterLoad.StartAsync(cluster, devices: 12, callers: 6);

        (int Silo, string Program)[] steps = [(0, ours), (1, ours), (1, other), (1, ours), (2, ours)];
        foreach ((int silo, string program) in steps)
        {
            load.AskThrough(cluster.Silos.Where((_, at) => at != silo));
            await cluster.StopAsync(silo);
            cluster.Program = program;
            await cluster.RestartAsync(silo);
            await cluster.FormedAsync();
            load.AskThrough(cluster.Silos);
        }

        output.WriteLine($"{load.Acknowledged} readings acknowledged, {load.Resent} sent again, {load.Calls} calls");
        await load.CheckAsync(cluster[0]);
        Assert.Empty(load.Failures);
    }
}
