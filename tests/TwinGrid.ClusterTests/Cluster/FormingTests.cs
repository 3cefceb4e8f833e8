using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Several processes are one grid: whichever a device or a client comes to, it sees all of it.</summary>
public sealed partial class FormingTests
{
    [Fact]
    public async Task Readings_through_one_silo_are_seen_at_every_other()
    {
        const int twins = 30;
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using MqttDevice device = await MqttDevice.ConnectAsync(cluster[0].MqttPort);
        for (int i = 0; i < twins; i++)
        {
            await device.PublishAsync($"twins/pump/p{i}/telemetry", $$"""{"temperature":{{i}}}""");
        }

        foreach (SiloProcess silo in cluster.Silos)
        {
            for (int i = 0; i < twins; i++)
            {
                Assert.Equal(i, (await silo.Api.TwinAsync($"pump/p{i}"))!.Value.Number("temperature"));
            }

            JsonElement list = await silo.Api.GetAsync("/api/v1/twins");
            Assert.Equal(twins, list.GetProperty("items").GetArrayLength());
        }

        int[] active = await Task.WhenAll(cluster.Silos.Select(ActiveTwinsAsync));
        Assert.Equal(twins, active.Sum());
        Assert.All(active, static of => Assert.InRange(of, 1, twins - 1));
    }

    [Fact]
    public async Task Each_process_does_what_its_roles_say_and_nothing_else()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.EmptyAsync();
        await cluster.AddAsync(
        [
            ("twins", ["Roles=Twins"]), ("edge", ["Roles=Gateway,Api"]), ("wire", ["Roles=Gateway"]),
        ]);
        (SiloProcess twins, SiloProcess edge, SiloProcess wire) = (cluster[0], cluster[1], cluster[2]);

        await using MqttDevice device = await MqttDevice.ConnectAsync(wire.MqttPort);
        await device.PublishAsync("twins/pump/p1/telemetry", """{"temperature":21}""");
        Assert.Equal(21, (await edge.Api.TwinAsync("pump/p1"))!.Value.Number("temperature"));
        Assert.Equal(204, (int)(await edge.Api.PostTelemetryAsync("pump/p2", """{"temperature":22}""")).Status);
        Assert.Equal(2, (await edge.Api.GetAsync("/api/v1/twins")).GetProperty("items").GetArrayLength());
        JsonElement history = await edge.Api.GetAsync("/api/v1/twins/pump/p1/history?telemetry=temperature");
        Assert.Equal(1, history.GetProperty("telemetry").GetProperty("temperature").GetArrayLength());

        Assert.DoesNotContain("mqtt://", twins.Program.Output, StringComparison.Ordinal);
        foreach (SiloProcess silo in new[] { twins, wire })
        {
            Assert.Equal(404, await silo.Api.StatusAsync("/api/v1/twins"));
            Assert.Equal(404, await silo.Api.StatusAsync("/"));
            Assert.Equal(200, await silo.Api.StatusAsync("/health/ready"));
            Assert.Equal(200, await silo.Api.StatusAsync("/metrics"));
            Assert.DoesNotContain("curl", silo.Program.Output, StringComparison.Ordinal);
        }

        Assert.Equal(2, await ActiveTwinsAsync(twins));
        Assert.Equal(0, await ActiveTwinsAsync(edge));
    }

    [Fact]
    public async Task Processes_of_one_machine_form_a_cluster_by_a_file()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(2, "Cluster:Membership=Sqlite");
        for (int i = 0; i < 8; i++)
        {
            await cluster[0].Api.PostTelemetryAsync($"pump/p{i}", """{"temperature":21}""");
            Assert.Equal(21, (await cluster[1].Api.TwinAsync($"pump/p{i}"))!.Value.Number("temperature"));
        }

        Assert.Equal(8, (await Task.WhenAll(cluster.Silos.Select(ActiveTwinsAsync))).Sum());
        Assert.True(File.Exists(Path.Combine(cluster.Home.Data, "cluster.db")));
    }

    internal static async Task<int> ActiveTwinsAsync(SiloProcess silo)
    {
        using HttpClient http = new() { BaseAddress = silo.Web };
        Match found = ActiveTwins().Match(await http.GetStringAsync("/metrics"));
        return found.Success ? int.Parse(found.Groups["count"].Value, null) : 0;
    }

    [GeneratedRegex(@"^twingrid_twins_active\S*(?:\{[^}]*\})? (?<count>\d+)", RegexOptions.Multiline)]
    private static partial Regex ActiveTwins();
}
