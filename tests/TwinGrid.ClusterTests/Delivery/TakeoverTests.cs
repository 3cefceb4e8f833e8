using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using TwinGrid.ClusterTests.Cluster;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Delivery;

/// <summary>A client has one session, whichever gateway it comes to.</summary>
public sealed class TakeoverTests
{
    [Fact]
    public async Task A_session_goes_on_at_another_gateway_when_its_own_was_killed()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(1, 2);
        (SiloProcess edge, SiloProcess wire) = (cluster[1], cluster[2]);
        await using MqttDevice device = await SpreadCluster.StayAsync(edge, "pump-one");
        await device.PublishAsync("twins/pump/p1/telemetry/temperature", "21");
        await device.SubscribeAsync("twins/pump/p1/commands/+");

        await cluster.KillAsync(1);
        string id = await SpreadCluster.CommandAsync(wire, "pump/p1", "stop", "first");
        (IMqttClient back, MqttClientConnectResult connected, List<string> commands) = await ConnectAsync(wire);
        using (back)
        {
            Assert.True(connected.IsSessionPresent);
            await wire.Api.WaitForCommandAsync("pump/p1", id, "delivered");
            string next = await wire.Api.CommandAsync("pump/p1", "stop", query: "?expiresIn=5m");
            await wire.Api.WaitForCommandAsync("pump/p1", next, "delivered");
            lock (commands)
            {
                Assert.Equal([id, next], commands);
            }
        }
    }

    [Fact]
    public async Task A_session_goes_on_at_another_gateway_while_its_own_lives_and_its_twins_stay_online()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(1, 2);
        (SiloProcess edge, SiloProcess wire) = (cluster[1], cluster[2]);
        (IMqttClient before, Task<MqttClientDisconnectReason> ended) = await FeedAsync(edge);
        await before.SubscribeAsync("twins/pump/p1/commands/+", MqttQualityOfServiceLevel.AtLeastOnce);

        (IMqttClient now, MqttClientConnectResult connected, List<string> commands) = await ConnectAsync(wire);
        Assert.True(connected.IsSessionPresent);
        Assert.Equal(MqttClientDisconnectReason.SessionTakenOver, await ended.WaitAsync(Eventually.Patience));
        string id = await edge.Api.CommandAsync("pump/p1", "stop", query: "?expiresIn=5m");
        await edge.Api.WaitForCommandAsync("pump/p1", id, "delivered");
        lock (commands)
        {
            Assert.Equal([id], commands);
        }

        Assert.True((await edge.Api.TwinAsync("pump/p1"))!.Value.Online());
        await now.DisconnectAsync();
        await edge.Api.WaitForTwinAsync("pump/p1", "offline", static twin => twin.Online() == false);

        // What was ended by the takeover is not there any more, and what the takeover had is.
        (IMqttClient again, connected, _) = await ConnectAsync(edge);
        Assert.True(connected.IsSessionPresent);
        before.Dispose();
        now.Dispose();
        again.Dispose();
    }

    [Fact]
    public async Task The_twins_stay_online_when_the_gateway_that_had_the_session_answers_only_later()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(1, 2);
        (SiloProcess edge, SiloProcess wire) = (cluster[1], cluster[2]);
        (IMqttClient before, Task<MqttClientDisconnectReason> ended) = await FeedAsync(edge);

        await cluster.PauseAsync(1);
        (IMqttClient now, MqttClientConnectResult connected, _) = await ConnectAsync(wire);
        await cluster.ContinueAsync(1);
        Assert.True(connected.IsSessionPresent);
        Assert.Equal(MqttClientDisconnectReason.SessionTakenOver, await ended.WaitAsync(Eventually.Patience));

        // A gateway that stops has told its twins whose connections ended.
        await cluster.StopAsync(1);
        await wire.Api.WaitForTwinAsync("pump/p1", "online", static twin => twin.Online() == true);
        before.Dispose();
        now.Dispose();
    }

    [Fact]
    public async Task Of_connections_that_claim_a_client_at_the_same_time_exactly_one_stays()
    {
        await using ClusterOfSilos cluster = await SpreadCluster.StartAsync(1, 3);
        for (int round = 0; round < 20; round++)
        {
            IMqttClient[] clients = [.. cluster.Silos.Skip(1).Select(_ => new MqttClientFactory().CreateMqttClient())];
            MqttClientConnectResult[] results = await Task.WhenAll(
                clients.Select((client, i) => client.ConnectAsync(Options(cluster[1 + i]))));
            Assert.All(results, static result => Assert.Contains(
                result.ResultCode,
                (MqttClientConnectResultCode[])
                    [MqttClientConnectResultCode.Success, MqttClientConnectResultCode.ServerBusy]));
            await Eventually.HoldsAsync("one connection", () => clients.Count(client => client.IsConnected) == 1);
            IMqttClient stays = clients.Single(client => client.IsConnected);
            await stays.PingAsync();
            await stays.SubscribeAsync($"twins/pump/p{round}/commands/+", MqttQualityOfServiceLevel.AtLeastOnce);
            Assert.Single(clients, client => client.IsConnected);
            Array.ForEach(clients, client => client.Dispose());
        }

        long rows = (long)(await cluster.Database.ReadAsync("SELECT count(*) FROM session"))!;
        Assert.Equal(1, rows);
    }

    private static MqttClientOptions Options(SiloProcess at) => new MqttClientOptionsBuilder()
        .WithTcpServer("127.0.0.1", at.MqttPort)
        .WithProtocolVersion(MqttProtocolVersion.V500)
        .WithTimeout(TimeSpan.FromSeconds(20))
        .WithClientId("pump-one")
        .WithCleanStart(false)
        .WithSessionExpiryInterval(600)
        .Build();

    private static async Task<(IMqttClient Client, Task<MqttClientDisconnectReason> Ended)> FeedAsync(SiloProcess at)
    {
        (IMqttClient client, _, _) = await ConnectAsync(at);
        TaskCompletionSource<MqttClientDisconnectReason> ended = new();
        client.DisconnectedAsync += args =>
        {
            ended.TrySetResult(args.Reason);
            return Task.CompletedTask;
        };
        await client.PublishStringAsync(
            "twins/pump/p1/telemetry/temperature", "21", MqttQualityOfServiceLevel.AtLeastOnce);
        return (client, ended.Task);
    }

    private static async Task<(IMqttClient Client, MqttClientConnectResult Result, List<string> Commands)> ConnectAsync(
        SiloProcess at)
    {
        IMqttClient client = new MqttClientFactory().CreateMqttClient();
        List<string> commands = [];
        client.ApplicationMessageReceivedAsync += args =>
        {
            var message = new MqttMessage(args.ApplicationMessage);
            lock (commands)
            {
                commands.Add(message.Json.GetProperty("id").GetString()!);
            }

            return Task.CompletedTask;
        };
        return (client, await client.ConnectAsync(Options(at)), commands);
    }
}
