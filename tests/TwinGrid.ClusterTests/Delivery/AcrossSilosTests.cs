using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Delivery;

/// <summary>A twin, its device and an observer on three different silos.</summary>
public sealed class AcrossSilosTests : IAsyncLifetime
{
    private ClusterOfSilos _cluster = null!;

    private SiloProcess Edge => _cluster[1];

    private SiloProcess Wire => _cluster[2];

    public async ValueTask InitializeAsync() => _cluster = await SpreadCluster.StartAsync(1, 2);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_command_is_executed_once_and_its_result_alarm_and_state_are_seen_in_order()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(Edge.MqttPort, "pump-one");
        await using MqttDevice observer = await MqttDevice.ConnectAsync(Wire.MqttPort, "watcher");
        await device.SubscribeAsync("twins/pump/p1/commands/+");
        await observer.SubscribeAsync("twins/+/+/alarms/+");
        await observer.SubscribeAsync("twins/pump/p1/state");

        await device.PublishAsync("twins/pump/p1/telemetry/temperature", "21");
        await device.PublishAsync("twins/pump/p1/telemetry/temperature", "90");
        MqttMessage command = await device.NextOnAsync("commands/derate");
        string id = command.Json.GetProperty("id").GetString()!;
        await device.PublishAsync($"twins/pump/p1/results/{id}", """{"status":"succeeded"}""");
        await Wire.Api.WaitForCommandAsync("pump/p1", id, "succeeded");
        await device.PublishAsync("twins/pump/p1/telemetry/temperature", "70");

        await Eventually.HoldsAsync("the state after it", () => Temperature(observer) == 70);
        Assert.Equal(["active", "cleared"], Alarms(observer, "overheat"));
        double[] seen = [.. observer.History.Where(m => m.Topic.EndsWith("/state", StringComparison.Ordinal))
            .Select(m => m.Json.Number("temperature"))];
        Assert.Equal(70, seen[^1]);
        Assert.Equal(seen.Distinct(), seen.Where((value, i) => i == 0 || seen[i - 1] != value));
        Assert.Single(device.History);
        JsonElement twin = (await Edge.Api.TwinAsync("pump/p1"))!.Value;
        Assert.Equal("cleared", twin.AlarmState("overheat"));
        Assert.True(twin.Online());
    }

    [Fact]
    public async Task Whoever_subscribes_later_at_another_gateway_finds_the_alarms_that_stand()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(Edge.MqttPort);
        await using MqttDevice early = await MqttDevice.ConnectAsync(Wire.MqttPort);

        // Wire lists the fleet now, before there is an alarm, and hears of it without having subscribed to it.
        await early.SubscribeAsync("twins/pump/+/alarms/+");
        for (int i = 0; i < 5; i++)
        {
            await device.PublishAsync($"twins/engine/q{i}/telemetry/speed", "9500");
        }

        await using MqttDevice late = await MqttDevice.ConnectAsync(Wire.MqttPort);
        await late.SubscribeAsync("twins/engine/+/alarms/tooFast");

        await Eventually.HoldsAsync("five alarms", () => late.History.Select(m => m.Topic).Distinct().Count() == 5);
        Assert.All(late.History, message => Assert.Equal("active", message.Json.GetProperty("state").GetString()));
        Assert.Empty(early.History);
    }

    [Fact]
    public async Task From_the_subscription_on_everything_is_heard()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(Edge.MqttPort);
        await using MqttDevice observer = await MqttDevice.ConnectAsync(Wire.MqttPort);
        for (int i = 0; i < 40; i++)
        {
            string twin = $"pump/s{i}";
            await device.PublishAsync($"twins/{twin}/telemetry/temperature", "21");
            await observer.SubscribeAsync($"twins/{twin}/commands/+");
            string id = await Edge.Api.CommandAsync(twin, "stop", query: "?expiresIn=5m");
            Assert.Equal(id, (await observer.NextOnAsync("commands/stop")).Json.GetProperty("id").GetString());
        }

        Assert.Equal(40, observer.History.Count);
    }

    [Fact]
    public async Task Of_commands_that_are_called_back_while_they_are_sent_none_is_both_cancelled_and_delivered()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(Edge.MqttPort);
        await device.PublishAsync("twins/pump/r1/telemetry/temperature", "21");
        await device.SubscribeAsync("twins/pump/r1/commands/+");
        List<string> cancelled = [];
        List<string> kept = [];
        for (int i = 0; i < 60; i++)
        {
            string id = await Wire.Api.CommandAsync("pump/r1", "stop", query: "?expiresIn=5m");
            ApiAnswer answer = await Wire.Api.SendAsync(
                HttpMethod.Post, $"/api/v1/twins/pump/r1/commands/{id}/cancel");
            Assert.Contains(answer.Status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Conflict]);
            (answer.Status == HttpStatusCode.OK ? cancelled : kept).Add(id);
        }

        foreach (string id in kept)
        {
            await Wire.Api.WaitForCommandAsync("pump/r1", id, "delivered");
        }

        string[] received = [.. device.History.Select(command => command.Json.GetProperty("id").GetString()!)];
        Assert.Equal(kept, received);
        Assert.Empty(cancelled.Intersect(received));
    }

    private static double Temperature(MqttDevice observer) =>
        observer.History.LastOrDefault(m => m.Topic.EndsWith("/state", StringComparison.Ordinal))?
            .Json.Number("temperature") ?? double.NaN;

    private static IEnumerable<string?> Alarms(MqttDevice observer, string alarm) => observer.History
        .Where(m => m.Topic.EndsWith($"/alarms/{alarm}", StringComparison.Ordinal))
        .Select(m => m.Json.GetProperty("state").GetString());
}
