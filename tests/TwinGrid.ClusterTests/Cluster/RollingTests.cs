using System.Diagnostics;
using System.Globalization;
using TwinGrid.Client;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Silos come and go in order: no call fails, no reading is lost, and waits have bounds.</summary>
[Collection(nameof(QuietMachine))]
public sealed class RollingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(1);

    // Nothing is promised of a join but that twins move a few at a time; a twin that moves is read from the store anew.
    private static readonly TimeSpan LongestWhileJoining = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_rolling_restart_under_load_fails_no_call_and_loses_no_reading()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ClusterLoad load = await ClusterLoad.StartAsync(cluster, devices: 24, callers: 12);
        await using ClientOfCluster service = await ClientOfCluster.StartAsync(cluster[0].GatewayPort);
        using CancellationTokenSource stop = new();
        Assert.Equal(100, await CallAsync(service.Grid, 100, stop.Token));
        Task<int> calling = CallAsync(service.Grid, int.MaxValue, stop.Token);
        for (int i = 0; i < 3; i++)
        {
            load.AskThrough(cluster.Silos.Where((_, at) => at != i));
            load.TakeLongestGap();
            TimeSpan took = await cluster.StopAsync(i);
            TimeSpan stopping = load.TakeLongestGap();
            await cluster.RestartAsync(i);
            await cluster.FormedAsync();
            load.AskThrough(cluster.Silos);
            await load.GoOnAsync(answers: 50);
            TimeSpan joining = load.TakeLongestGap();
            output.WriteLine(
                $"silo {i} stopped in {Seconds(took)}; longest without an answer: {Seconds(stopping)} while it "
                + $"stopped, {Seconds(joining)} while it came again");
            Assert.InRange(stopping, TimeSpan.Zero, LongestAway);
            Assert.InRange(joining, TimeSpan.Zero, LongestWhileJoining);
        }

        await stop.CancelAsync();
        int called = await calling;
        output.WriteLine(
            $"{load.Acknowledged} readings acknowledged, {load.Resent} sent again by devices, "
            + $"{load.Calls} calls by HTTP, {called} by TwinGrid.Client; "
            + $"failed: {string.Join("; ", load.Failures)}");
        await load.CheckAsync(cluster[0]);
        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task A_silo_that_joins_gets_its_share_and_nobody_waits_over_3_s_for_a_twin_that_moves()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(2);
        await using ClusterLoad load = await ClusterLoad.StartAsync(cluster, devices: 40, callers: 12);
        await cluster.AddAsync("c");
        int active = await Eventually.SeeAsync(
            "twins on the third silo",
            () => FormingTests.ActiveTwinsAsync(cluster[2]),
            static n => n >= 5);
        TimeSpan gap = load.TakeLongestGap();
        output.WriteLine($"{active} of 52 twins moved; longest without an answer {Seconds(gap)}; "
            + $"{load.Acknowledged} acknowledged, {load.Resent} sent again");
        await load.CheckAsync(cluster[2]);
        Assert.Empty(load.Failures);
        Assert.Equal(0, load.Resent);
        Assert.InRange(gap, TimeSpan.Zero, LongestWhileJoining);
    }

    [Fact]
    public async Task Devices_at_the_other_silos_keep_their_connections_while_a_silo_dies()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using MqttLanes lanes = await MqttLanes.StartAsync(cluster[0], devices: 30);
        await cluster.KillAsync(2);
        long start = Stopwatch.GetTimestamp();
        await lanes.AllHeardAgainAsync();
        output.WriteLine($"all twins take readings again after {Seconds(Stopwatch.GetElapsedTime(start))}");
        await lanes.CheckAsync(cluster[0]);
    }

    [Fact]
    public async Task A_silo_is_ready_as_long_as_it_takes_traffic_and_live_until_it_ends()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(2);
        SiloProcess silo = await cluster.AddAsync("c");

        // It has just said that it is ready: what comes is taken, here and at the others' twins.
        for (int i = 0; i < 12; i++)
        {
            await silo.Api.PostTelemetryAsync($"pump/early{i}", """{"pressure":1}""");
        }

        Task<List<int>> ready = StatusesAsync(silo, "/health/ready");
        Task<List<int>> live = StatusesAsync(silo, "/health/live");
        await cluster.StopAsync(2);
        int[] taking = [.. (await ready).SkipWhile(static status => status == 200)];
        output.WriteLine($"ready said {string.Join(", ", taking.Distinct())} (0: refused) from the signal on");
        Assert.DoesNotContain(200, taking);
        Assert.All(await live, static status => Assert.True(status is 200 or 0));
    }

    // What a probe hears until nobody listens; 0 for that.
    private static async Task<List<int>> StatusesAsync(SiloProcess silo, string path)
    {
        using HttpClient probe = new() { BaseAddress = silo.Web };
        List<int> statuses = [];
        while (statuses.Count(static status => status == 0) < 3)
        {
            try
            {
                using HttpResponseMessage answer = await probe.GetAsync(path);
                statuses.Add((int)answer.StatusCode);
            }
            catch (HttpRequestException)
            {
                statuses.Add(0);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }

        return statuses;
    }

    // Reads, commands and cancels of a service, one after the other; a call that fails ends it.
    private static async Task<int> CallAsync(TwinGridClient grid, int most, CancellationToken stop)
    {
        int calls = 0;
        for (; calls < most && !stop.IsCancellationRequested; calls++)
        {
            TwinHandle twin = grid.Twin($"pump/called{calls % 12}");
            Assert.NotNull(await twin.GetAsync(CancellationToken.None));
            if (calls % 5 == 0)
            {
                CommandHandle command = await twin.SendCommandAsync("stop", cancellationToken: CancellationToken.None);
                CancelAnswer answer = await command.CancelAsync(CancellationToken.None);
                Assert.Equal(CommandStatus.Cancelled, answer.Command!.Status);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), CancellationToken.None);
        }

        return calls;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);
}
