using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Durability;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.MqttGateway;

namespace TwinGrid.ClusterTests.Bridging;

/// <summary>Silo processes and devices with a mosquitto between them.</summary>
public sealed class BridgeTests(ITestOutputHelper output)
{
    // How many messages the broker acknowledges in each life of the silo before it is killed.
    private static readonly int[] Usual = [400, 37, 1_500];

    [Fact]
    public async Task Kills_with_9_lose_nothing_that_the_broker_keeps_and_apply_nothing_twice()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        using var home = new SiloHome("pump");
        NumberedDevice[] devices = Devices();
        string bridge = $"Mqtt:Bridge:Server={broker.Server}";
        SiloProcess silo = await SiloProcess.StartAsync(home, bridge);
        await ServesAsync(broker);
        IReadOnlyList<int> lives = KillPlan.Lives(Usual, output.WriteLine);
        foreach (int life in lives)
        {
            using var stop = new CancellationTokenSource();
            Task running = Task.WhenAll(devices.Select(device => device.RunAsync(broker.Port, stop.Token)));
            long goal = devices.Sum(static d => (long)d.Acknowledged) + life;
            await Eventually.HoldsAsync(
                $"{life} messages", () => devices.Sum(static d => (long)d.Acknowledged) >= goal);
            await silo.Api.WaitForTwinAsync("pump/modelled", "some of them", static twin => twin.Number("n") > 0);
            await silo.KillAsync();

            // The broker takes on what the grid does not, and far faster than that: not for long.
            await stop.CancelAsync();
            await running;
            silo = await SiloProcess.StartAsync(home, bridge);
        }

        long duplicates = await EndsWellAsync(devices, silo);
        output.WriteLine(
            $"{devices.Sum(static d => d.Attempted)} messages through the broker over {lives.Count} kills; lost 0, "
            + $"doubled 0, out of order 0 by /history; {duplicates} came again and changed nothing");
        (await silo.StopAsync()).End.Succeeded();
        await silo.DisposeAsync();
    }

    [Fact]
    public async Task A_command_goes_out_through_the_broker_and_its_result_comes_back()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        using var home = new SiloHome("pump");
        await using SiloProcess silo = await SiloProcess.StartAsync(home, $"Mqtt:Bridge:Server={broker.Server}");
        await ServesAsync(broker);
        await using MqttDevice device = await MqttDevice.ConnectAsync(broker.Port);
        await device.SubscribeAsync("twins/pump/p1/commands/+");
        await device.PublishAsync("twins/pump/p1/telemetry", """{"temperature":95}""");
        MqttMessage derate = await device.NextOnAsync("commands/derate");
        string id = derate.Json.GetProperty("id").GetString()!;
        await silo.Api.WaitForCommandAsync("pump/p1", id, "queued");
        await device.PublishAsync($"twins/pump/p1/results/{id}", """{"status":"succeeded"}""");
        await silo.Api.WaitForCommandAsync("pump/p1", id, "succeeded");

        await silo.Api.SendAsync(
            HttpMethod.Patch, "/api/v1/twins/pump/p1/properties/desired", """{"speedLimit":6}""");
        await using MqttDevice later = await MqttDevice.ConnectAsync(broker.Port);
        await later.SubscribeAsync("twins/pump/p1/alarms/overheat");
        MqttMessage alarm = await later.NextOnAsync("alarms/overheat");
        Assert.Equal("active", alarm.Json.GetProperty("state").GetString());
        await later.SubscribeAsync("twins/pump/p1/properties/desired");
        MqttMessage desired = await later.NextOnAsync("properties/desired");
        Assert.Equal(6, desired.Json.GetProperty("desired").GetProperty("speedLimit").GetInt32());
        Assert.Null((await silo.Api.TwinAsync("pump/p1"))!.Value.Online());
    }

    [Fact]
    public async Task Restarts_of_the_broker_under_load_lose_nothing_and_apply_nothing_twice()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        using var home = new SiloHome("pump");
        await using SiloProcess silo = await SiloProcess.StartAsync(home, $"Mqtt:Bridge:Server={broker.Server}");
        await ServesAsync(broker);
        NumberedDevice[] devices = Devices();
        for (int life = 1; life <= 3; life++)
        {
            Task running = Task.WhenAll(devices.Select(device => device.RunAsync(broker.Port, CancellationToken.None)));
            long goal = devices.Sum(static d => (long)d.Acknowledged) + 500;
            await Eventually.HoldsAsync("500 messages", () => devices.Sum(static d => (long)d.Acknowledged) >= goal);
            await broker.StopAsync();
            await running;
            await broker.StartAsync();
        }

        await FinishAsync(devices, broker.Port);
        await EndsWellAsync(devices, silo);
    }

    [Fact]
    public async Task A_silo_starts_without_its_broker_and_says_so()
    {
        await using BridgingBroker broker = BridgingBroker.New();
        using var home = new SiloHome();
        await using SiloProcess silo = await SiloProcess.StartAsync(home, $"Mqtt:Bridge:Server={broker.Server}");
        JsonElement health = await HealthAsync(silo, "degraded");
        Assert.StartsWith(
            "the bridge has no connection for ", health.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, await silo.Api.StatusAsync("/health/live"));
        await silo.Api.PostTelemetryAsync("pump/p1", """{"temperature":20}""");
        Assert.NotNull(await silo.Api.TwinAsync("pump/p1"));
        string metrics = (await silo.Api.SendAsync(HttpMethod.Get, "/metrics")).Text;
        Assert.Contains("twingrid_mqtt_bridge_ended", metrics, StringComparison.Ordinal);

        await broker.StartAsync();
        await ServesAsync(broker);
        await HealthAsync(silo, "ok");

        // Telemetry, reported, results, online, and the way out. An answer of /metrics is kept for a moment.
        await Eventually.SeeAsync(
            "five connections",
            async () => (await silo.Api.SendAsync(HttpMethod.Get, "/metrics")).Text,
            static text => Regex.IsMatch(text, @"twingrid_mqtt_bridge_connections(\{[^}]*\})? 5\b"));
    }

    [Fact]
    public async Task Of_a_clusters_gateways_one_bridges_and_another_takes_over_where_it_stands_still_or_dies()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using ClusterOfSilos cluster = await ClusterOfSilos.EmptyAsync($"Mqtt:Bridge:Server={broker.Server}");
        await cluster.AddAsync("twins", "Roles=Twins");
        await cluster.AddAsync("first", "Roles=Gateway,Api");
        await ServesAsync(broker);
        await cluster.AddAsync([("second", ["Roles=Gateway,Api"]), ("third", ["Roles=Gateway,Api"])]);
        await using MqttDevice device = await MqttDevice.ConnectAsync(broker.Port);
        for (int i = 1; i <= 200; i++)
        {
            // Without an identity of its own: it would count twice if two gateways took it.
            await device.PublishAsync("twins/meter/m1/telemetry/n", $"{i}");
        }

        await cluster[2].Api.WaitForTwinAsync("meter/m1", "the last", static twin => twin.Number("n") == 200);
        Assert.Equal(200, (await cluster[2].Api.TwinAsync("meter/m1"))!.Value.Counter("readings"));

        NumberedDevice[] devices = Devices();
        using var stop = new CancellationTokenSource();
        Task running = Task.WhenAll(devices.Select(d => d.RunAsync(broker.Port, stop.Token)));
        await cluster.PauseAsync(1);
        await TakesOverAsync(cluster[2], device, 201);
        await cluster.ContinueAsync(1);
        await cluster[1].Program.EndAsync();
        await cluster.ForgetAsync(1);

        int bridging = Bridges(cluster[2]) ? 2 : 3;
        int last = 5 - bridging;
        await cluster.KillAsync(bridging);
        await stop.CancelAsync();
        await running;
        await TakesOverAsync(cluster[last], device, 202);
        await EndsWellAsync(devices, cluster[last]);

        // What the broker had no acknowledgement for came again, and without an identity counts again: no more does.
        long readings = (await cluster[last].Api.TwinAsync("meter/m1"))!.Value.Counter("readings");
        for (int i = 203; i <= 302; i++)
        {
            await device.PublishAsync("twins/meter/m1/telemetry/n", $"{i}");
        }

        await cluster[last].Api.WaitForTwinAsync("meter/m1", "the last", static twin => twin.Number("n") == 302);
        Assert.Equal(readings + 100, (await cluster[last].Api.TwinAsync("meter/m1"))!.Value.Counter("readings"));

        await device.SubscribeAsync("twins/meter/m1/commands/+");
        string id = await cluster[last].Api.CommandAsync("meter/m1", "reset", query: "?expiresIn=5m");
        Assert.Equal(id, (await device.NextOnAsync("commands/reset")).Json.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("Mqtt:Bridge:Server=http://broker", "TwinGrid:Mqtt:Bridge:Server")]
    [InlineData("Mqtt:Bridge:Topics=twins/#", "TwinGrid:Mqtt:Bridge:Topics")]
    public async Task A_wrong_setting_stops_the_start_with_its_name(string setting, string named)
    {
        using var home = new SiloHome();
        await using SiloProcess silo = SiloProcess.Launch(home, "Mqtt:Bridge:Server=mqtt://127.0.0.1:9", setting);
        ProgramEnd end = await silo.Program.EndAsync();
        Assert.NotEqual(0, end.ExitCode);
        Assert.Contains(named, end.Errors, StringComparison.Ordinal);
    }

    private static NumberedDevice[] Devices() =>
    [
        .. Enumerable.Range(1, 5).Select(static i => new NumberedDevice($"meter/m{i}0", epoch: 1, window: 16)),
        new NumberedDevice("pump/modelled", epoch: 7, window: 32),
    ];

    private static bool Bridges(SiloProcess silo) =>
        silo.Program.Output.Contains("this gateway bridges", StringComparison.Ordinal);

    private static async Task TakesOverAsync(SiloProcess silo, MqttDevice device, int number)
    {
        await device.PublishAsync("twins/meter/m1/telemetry/n", $"{number}");
        await Eventually.SeeAsync(
            "another gateway goes on",
            () => silo.Api.SendAsync(HttpMethod.Get, "/api/v1/twins/meter/m1"),
            answer => answer.Status == HttpStatusCode.OK && answer.Body.Number("n") == number,
            TimeSpan.FromSeconds(90));
    }

    /// <summary>Sends what has no acknowledgement of the broker yet.</summary>
    private static async Task FinishAsync(NumberedDevice[] devices, int port)
    {
        using var stop = new CancellationTokenSource();
        long goal = devices.Sum(static d => d.Attempted) + 100;
        Task running = Task.WhenAll(devices.Select(device => device.RunAsync(port, stop.Token)));
        await Eventually.HoldsAsync("the last messages", () => devices.Sum(static d => (long)d.Acknowledged) >= goal);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>All that the broker acknowledged is there, each once, in order, as the history tells it.</summary>
    /// <returns>How many readings came again.</returns>
    private static async Task<long> EndsWellAsync(NumberedDevice[] devices, SiloProcess silo)
    {
        long duplicates = 0;
        foreach (NumberedDevice device in devices)
        {
            Assert.Equal(device.Attempted, device.Acknowledged);
            JsonElement? found = await Eventually.SeeAsync(
                $"{device.Twin}: all {device.Attempted}",
                () => silo.Api.TwinAsync(device.Twin),
                twin => twin is { } seen && seen.Source("sim")?.GetProperty("seq").GetInt64() == device.Attempted
                    && seen.Counter("readings") - seen.Counter("duplicates") == device.Attempted,
                TimeSpan.FromSeconds(90));
            JsonElement twin = found!.Value;
            duplicates += twin.Counter("duplicates");
            Assert.Null(twin.Online());
        }

        var fleet = new NumberedFleet(devices);
        await fleet.CheckAsync(silo);
        await fleet.CheckHistoryAsync(silo);
        return duplicates;
    }

    private static Task<JsonElement> HealthAsync(SiloProcess silo, string status) => Eventually.SeeAsync(
        $"/health/ready says {status}",
        () => silo.Api.GetAsync("/health/ready"),
        health => health.GetProperty("status").GetString() == status);

    // The broker says of a message whether anybody subscribes to it.
    private static async Task ServesAsync(BridgingBroker broker)
    {
        await using BridgingClient probe = await broker.ConnectAsync();
        foreach (string topic in (string[])["telemetry/n", "results/none", "online"])
        {
            await probe.PublishUntilHeardAsync($"twins/probe/p/{topic}", topic == "online" ? "true" : "1");
        }
    }
}
