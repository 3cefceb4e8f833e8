using System.Text.Json;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Delivery;

/// <summary>
/// Wills of clients whose silo is killed. Each says a speed to the engine of its client's name, without a time or a
/// number: a will that is published twice counts twice, and one that is published raises an alarm.
/// </summary>
public sealed class WillTests
{
    // A session without subscriptions and without a will is a version and a number.
    private const string Owed = "SELECT count(*) FROM session WHERE octet_length(state) > 2 AND client LIKE 'w%'";

    [Fact]
    public async Task The_wills_of_a_killed_gateway_are_published_once_by_the_others_and_those_taken_back_are_not()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        SiloProcess wire = cluster[1];
        await using MqttDevice observer = await MqttDevice.ConnectAsync(wire.MqttPort);
        await observer.SubscribeAsync("twins/engine/+/alarms/tooFast");
        await using MqttDevice gone = await ConnectAsync(cluster[0], "w-gone");
        await using MqttDevice late = await ConnectAsync(cluster[0], "w-late", delay: 2, expiry: 600);
        await using MqttDevice moved = await ConnectAsync(cluster[0], "w-moved");
        await using MqttDevice back = await ConnectAsync(cluster[0], "w-back", delay: 300, expiry: 600);
        await using (await ConnectAsync(cluster[0], "w-left"))
        {
        }

        await Eventually.SeeAsync(
            "the good-bye is kept",
            () => cluster.Database.ReadAsync("SELECT count(*) FROM session WHERE client = 'w-left'"), n => n is 0L);
        await cluster.KillAsync(0);

        // Two clients come at another gateway before anybody calls theirs dead.
        await using MqttDevice here = await MqttDevice.ConnectAsync(wire.MqttPort, "w-moved");
        await using MqttDevice inTime = await MqttDevice.ConnectAsync(
            cluster[2].MqttPort,
            "w-back",
            MqttProtocolVersion.V500,
            options => options.WithCleanStart(false).WithSessionExpiryInterval(600));
        await OutAsync(wire, "w-gone");
        await OutAsync(wire, "w-late");
        await OutAsync(wire, "w-moved");
        await Eventually.SeeAsync("no will is owed", () => cluster.Database.ReadAsync(Owed), n => n is 0L);

        foreach (string client in (string[])["w-gone", "w-late", "w-moved"])
        {
            Assert.Equal(1, await CountAsync(wire, client));
            await Eventually.HoldsAsync($"one alarm of {client}", () => Alarms(observer, client).Length == 1);
        }

        Assert.Null(await wire.Api.TwinAsync("engine/w-left"));
        Assert.Null(await wire.Api.TwinAsync("engine/w-back"));
        Assert.Equal(3, observer.History.Select(static message => message.Topic).Distinct().Count());
    }

    [Fact]
    public async Task A_gateway_that_slept_while_its_client_went_on_at_another_does_not_publish_its_will_again()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        SiloProcess wire = cluster[1];
        TaskCompletionSource ended = new();
        using IMqttClient before = new MqttClientFactory().CreateMqttClient();
        before.DisconnectedAsync += _ =>
        {
            ended.TrySetResult();
            return Task.CompletedTask;
        };
        MqttClientOptionsBuilder options = new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", cluster[0].MqttPort).WithClientId("w-moved");
        Will(options, "w-moved", 0);
        await before.ConnectAsync(options.Build());

        await cluster.PauseAsync(0);
        await using MqttDevice here = await MqttDevice.ConnectAsync(wire.MqttPort, "w-moved");
        await OutAsync(wire, "w-moved");
        await cluster.ContinueAsync(0);
        await ended.Task.WaitAsync(Eventually.Patience);

        // What that gateway might say comes before what the client says now.
        await here.PublishAsync("twins/engine/w-moved/telemetry/speed", "21");
        await Eventually.SeeAsync("no will is owed", () => cluster.Database.ReadAsync(Owed), n => n is 0L);
        Assert.Equal(2, await CountAsync(wire, "w-moved"));
    }

    [Fact]
    public async Task The_wills_of_a_killed_silo_are_published_once_when_it_starts_again()
    {
        using SiloHome home = new("engine");
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await using (MqttDevice left = await ConnectAsync(silo, "w-left"))
            {
                await left.PublishAsync("twins/engine/w-left/telemetry/vibration", "1");
            }

            // Rows are written in their order: the good-bye before what another session subscribes after it.
            await silo.Api.WaitForTwinAsync("engine/w-left", "offline", static seen => seen.Online() == false);
            await using MqttDevice stays = await SpreadCluster.StayAsync(silo, "stays");
            await stays.SubscribeAsync("twins/pump/stays/commands/+");
            await using MqttDevice gone = await ConnectAsync(silo, "w-gone");
            await using MqttDevice late = await ConnectAsync(silo, "w-late", delay: 1, expiry: 600);
            await silo.KillAsync();
        }

        for (int start = 0; start < 3; start++)
        {
            await using SiloProcess again = await SiloProcess.StartAsync(home);
            await OutAsync(again, "w-gone");
            await OutAsync(again, "w-late");
            Assert.Equal(1, await CountAsync(again, "w-gone"));
            Assert.Equal(1, await CountAsync(again, "w-late"));
            JsonElement left = (await again.Api.TwinAsync("engine/w-left"))!.Value;
            Assert.Null(left.Telemetry("speed"));
            await again.KillAsync();
        }
    }

    private static Task<MqttDevice> ConnectAsync(SiloProcess at, string client, uint delay = 0, uint expiry = 0) =>
        MqttDevice.ConnectAsync(
            at.MqttPort,
            client,
            MqttProtocolVersion.V500,
            options => Will(options.WithSessionExpiryInterval(expiry), client, delay));

    private static void Will(MqttClientOptionsBuilder options, string client, uint delay) => options
        .WithProtocolVersion(MqttProtocolVersion.V500)
        .WithWillTopic($"twins/engine/{client}/telemetry/speed")
        .WithWillPayload("9500")
        .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
        .WithWillDelayInterval(delay);

    private static Task OutAsync(SiloProcess through, string client) =>
        Eventually.SeeAsync($"the will of {client}", () => CountAsync(through, client), static count => count > 0);

    /// <summary>How often a client's twin was told, also what it knew; a twin that moves is asked again.</summary>
    private static async Task<long> CountAsync(SiloProcess through, string client)
    {
        ApiAnswer answer = await Eventually.SeeAsync(
            $"engine/{client} answers",
            () => through.Api.SendAsync(HttpMethod.Get, $"/api/v1/twins/engine/{client}"),
            static answer => (int)answer.Status is 200 or 404);
        if ((int)answer.Status == 404 || answer.Body.Telemetry("speed") is not { } said)
        {
            return 0;
        }

        Assert.Equal(0, answer.Body.Counter("duplicates"));
        return said.GetProperty("count").GetInt64();
    }

    /// <summary>What was heard of a client's alarm: where a silo dies, what stands is told again as it was.</summary>
    private static string[] Alarms(MqttDevice observer, string client) =>
    [
        .. observer.History.Where(message => message.Topic == $"twins/engine/{client}/alarms/tooFast")
            .Select(static message => message.Text).Distinct(),
    ];
}
