using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Delivery;

/// <summary>A gateway or a silo with twins dies: what devices and observers of the others see.</summary>
public sealed class DeathTests
{
    [Fact]
    public async Task With_a_gateway_the_twins_that_it_fed_go_offline_and_no_others()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(2, 2);
        SiloProcess wire = cluster[3];
        await using MqttDevice lost = await MqttDevice.ConnectAsync(cluster[2].MqttPort, "lost");
        await using MqttDevice kept = await MqttDevice.ConnectAsync(wire.MqttPort, "kept");
        for (int i = 0; i < 8; i++)
        {
            await lost.PublishAsync($"twins/pump/lost{i}/telemetry/temperature", "21");
            await kept.PublishAsync($"twins/pump/kept{i}/telemetry/temperature", "21");
        }

        await cluster.KillAsync(2);
        await AllAsync(wire, "lost", online: false);
        await AllAsync(wire, "kept", online: true);
    }

    [Fact]
    public async Task A_twin_that_moves_while_its_gateway_dies_goes_offline_too()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(2, 2);
        SiloProcess wire = cluster[3];
        await using MqttDevice lost = await MqttDevice.ConnectAsync(cluster[2].MqttPort, "lost");
        await using MqttDevice kept = await MqttDevice.ConnectAsync(wire.MqttPort, "kept");
        for (int i = 0; i < 8; i++)
        {
            await lost.PublishAsync($"twins/pump/lost{i}/telemetry/temperature", "21");
            await kept.PublishAsync($"twins/pump/kept{i}/telemetry/temperature", "21");
        }

        await Task.WhenAll(cluster.KillAsync(0), cluster.KillAsync(2));
        await AllAsync(wire, "lost", online: false);
        await AllAsync(wire, "kept", online: true);
    }

    [Fact]
    public async Task When_a_twins_silo_dies_what_waits_and_what_stands_comes_from_the_next_and_nothing_twice()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(2, 2);
        (SiloProcess edge, SiloProcess wire) = (cluster[2], cluster[3]);
        string twin = await SpreadCluster.TwinOnAsync(cluster[0], edge, "m");
        await using MqttDevice observer = await MqttDevice.ConnectAsync(wire.MqttPort);
        await observer.SubscribeAsync("twins/+/+/alarms/+");
        await using MqttDevice device = await SpreadCluster.StayAsync(edge, "mover");
        await device.SubscribeAsync($"twins/{twin}/commands/+");
        string before = await wire.Api.CommandAsync(twin, "stop", query: "?expiresIn=5m");
        await wire.Api.WaitForCommandAsync(twin, before, "delivered");
        await device.DisposeAsync();

        string waiting = await wire.Api.CommandAsync(twin, "open", query: "?expiresIn=5m");
        ApiAnswer hot = await edge.Api.PostTelemetryAsync(twin, """{"temperature":90}""");
        Assert.Equal(204, (int)hot.Status);
        await cluster.KillAsync(0);
        await using MqttDevice back = await SpreadCluster.StayAsync(wire, "mover");
        await SpreadCluster.StandsAsync(wire, twin, waiting, "delivered");
        await Eventually.HoldsAsync("two commands", () => back.History.Count >= 2);
        await using MqttDevice late = await MqttDevice.ConnectAsync(edge.MqttPort);
        await late.SubscribeAsync($"twins/{twin}/alarms/+");
        Assert.Equal("active", (await late.NextOnAsync("alarms/overheat")).Json.GetProperty("state").GetString());
        Assert.Equal("active", (await observer.NextOnAsync("alarms/overheat")).Json.GetProperty("state").GetString());
        string[] names = [.. back.History.Select(m => m.Topic[(m.Topic.LastIndexOf('/') + 1)..]).Order()];
        Assert.Equal(["derate", "open"], names);
    }

    private static async Task AllAsync(SiloProcess through, string prefix, bool online)
    {
        for (int i = 0; i < 8; i++)
        {
            await Eventually.SeeAsync(
                $"{prefix}{i} is {(online ? "online" : "offline")}",
                async () => (int)(await through.Api.SendAsync(
                    HttpMethod.Get, $"/api/v1/twins/pump/{prefix}{i}")).Status == 200
                        ? (await through.Api.TwinAsync($"pump/{prefix}{i}"))!.Value.Online()
                        : null,
                seen => seen == online);
        }
    }
}
