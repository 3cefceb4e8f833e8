using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Watching;

/// <summary>What kill -9 means to those who watch.</summary>
public sealed class WatchKillTests
{
    private const int Kills = 3;

    [Fact]
    public async Task A_watcher_that_says_its_last_event_misses_no_revision_and_gets_none_twice_over_kills_with_9()
    {
        using var home = new SiloHome();
        var device = new NumberedDevice("meter/watched", epoch: 1, window: 4);
        var watcher = new SseWatcher("meter/watched");
        for (int kill = 0; kill <= Kills; kill++)
        {
            await using SiloProcess silo = await SiloProcess.StartAsync(home);
            if (kill == 0)
            {
                await silo.Api.PostTelemetryAsync("meter/watched", """{"began":true}""");
            }

            using var stop = new CancellationTokenSource();
            Task watching = watcher.RunAsync(silo.Web, stop.Token);
            long before = watcher.Last;
            await Eventually.HoldsAsync("the watch", () => watcher.Connections == kill + 1);
            Task running = device.RunAsync(silo.MqttPort, stop.Token);
            await Eventually.HoldsAsync("60 revisions", () => watcher.Last >= before + 60);
            if (kill < Kills)
            {
                await silo.KillAsync();
            }
            else
            {
                await stop.CancelAsync();
            }

            await Task.WhenAll(running, watching);
        }

        Assert.Equal(
            [.. Enumerable.Range(1, (int)watcher.Last).Select(static i => i == 1 ? "snapshot 1" : $"change {i}")],
            watcher.Seen);
        Assert.Equal(Kills + 1, watcher.Connections);
    }
}
