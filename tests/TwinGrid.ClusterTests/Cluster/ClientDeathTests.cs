using TwinGrid.Client;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>TwinGrid.Client in another service while silos die.</summary>
public sealed class ClientDeathTests
{
    [Fact]
    public async Task A_watch_goes_on_without_gap_or_double_over_the_death_of_every_silo_in_turn()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ClientOfCluster service = await ClientOfCluster.StartAsync(cluster[0].GatewayPort);
        const string id = "pump/watched";
        await cluster[0].Api.PostTelemetryAsync(id, """{"pressure":0}""");
        List<long> seen = [];
        using CancellationTokenSource stop = new();
        Task watching = WatchAsync(service.Grid.Twin(id), seen, stop.Token);
        Task writing = WriteAsync(cluster, id, stop.Token);
        for (int i = 0; i < 3; i++)
        {
            int before = Count(seen);
            await Eventually.HoldsAsync("ten changes", () => Count(seen) >= before + 10 || watching.IsCompleted);
            await cluster.KillAsync(i);
            before = Count(seen);
            await Eventually.HoldsAsync("ten changes", () => Count(seen) >= before + 10 || watching.IsCompleted);
            if (watching.IsCompleted)
            {
                await watching;
                Assert.Fail("the watch ended");
            }

            // The one silo that the service was told of is the first that dies: it goes on with those that it learnt.
            Assert.NotNull(await service.Grid.Twin(id).GetAsync(TestContext.Current.CancellationToken));
            await cluster.RestartAsync(i);
            await cluster.FormedAsync();
        }

        await stop.CancelAsync();
        await writing;
        await watching;
        Assert.Equal(Enumerable.Range(0, seen.Count).Select(i => seen[0] + i), seen);
    }

    [Fact]
    public async Task A_command_that_is_sent_while_its_silo_dies_is_one_command()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ClientOfCluster service = await ClientOfCluster.StartAsync(
            cluster[0].GatewayPort, cluster[1].GatewayPort);
        string[] twins = [.. Enumerable.Range(0, 12).Select(static i => $"pump/commanded{i}")];
        foreach (string twin in twins)
        {
            await cluster[0].Api.PostTelemetryAsync(twin, """{"pressure":1}""");
        }

        Task<CommandHandle>[] before = [.. twins.Select(twin => service.Grid.Twin(twin).SendCommandAsync("stop"))];
        await cluster.KillAsync(2);
        Task<CommandHandle>[] after = [.. twins.Select(twin => service.Grid.Twin(twin).SendCommandAsync("stop"))];
        CommandHandle[] sent = await Task.WhenAll([.. before, .. after]);
        foreach (CommandHandle command in sent)
        {
            Assert.Equal(command.Id, (await command.GetAsync(TestContext.Current.CancellationToken)).Id);
        }

        foreach (string twin in twins)
        {
            // One turn for the reading, one for each command at most: a retry that was a command of its own makes more.
            TwinSnapshot snapshot = (await service.Grid.Twin(twin).GetAsync(TestContext.Current.CancellationToken))!;
            Assert.InRange(snapshot.Revision, 2, 3);
        }
    }

    private static int Count(List<long> seen)
    {
        lock (seen)
        {
            return seen.Count;
        }
    }

    private static async Task WatchAsync(TwinHandle twin, List<long> seen, CancellationToken stop)
    {
        try
        {
            await foreach (TwinChange change in twin.WatchAsync(cancellationToken: stop))
            {
                Assert.NotEqual(TwinChangeKind.Gap, change.Kind);
                lock (seen)
                {
                    seen.Add(change.Revision);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test has enough.
        }
    }

    private static async Task WriteAsync(ClusterOfSilos cluster, string twin, CancellationToken stop)
    {
        for (int n = 1; !stop.IsCancellationRequested; n++)
        {
            try
            {
                IReadOnlyList<SiloProcess> silos = cluster.Silos;
                await silos[n % silos.Count].Api.PostTelemetryAsync(twin, $$"""{"pressure":{{n}}}""");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or ObjectDisposedException)
            {
                // That silo is gone.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
    }
}
