using System.Net;
using System.Net.Sockets;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace TwinGrid.Tests.MqttGateway;

public class ListenerTests
{
    // CONNECT of "dev": MQTT 3.1.1, clean session, keep-alive 60 s.
    private static readonly byte[] Connect311 = Convert.FromHexString("100F00044D5154540402003C0003646576");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reading_is_acknowledged_when_its_twin_has_committed_it(bool is5)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource<IngestResult> commit = new();
        gateway.Twins.Answer = _ => commit.Task;
        using IMqttClient device = await gateway.ConnectAsync("device", is5);
        Task<MqttClientPublishResult> publish =
            device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
        await RunningGateway.Until(() => gateway.Twins.All.Count == 2, "the twin has the reading");
        Assert.False(publish.IsCompleted);
        commit.SetResult(new IngestResult(IngestStatus.Accepted, 1, 1));
        Assert.Equal(MqttClientPublishReasonCode.Success, (await publish).ReasonCode);
        Assert.Equal(["power=5"], gateway.Twins.Readings("turbine/t07"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reading_that_no_twin_can_take_now_closes_the_connection_unacknowledged(bool is5)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(IngestStatus.Unavailable));
        using IMqttClient device = await gateway.ConnectAsync("device", is5);
        await Assert.ThrowsAnyAsync<Exception>(
            () => device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}""")));
        await RunningGateway.Until(() => !device.IsConnected, "the connection is closed");
        Assert.Empty(gateway.Store.Letters);
    }

    [Fact]
    public async Task A_silo_that_throws_closes_the_connection_unacknowledged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => throw new TimeoutException();
        using IMqttClient device = await gateway.ConnectAsync("device");
        await Assert.ThrowsAnyAsync<Exception>(
            () => device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}""")));
    }

    [Theory]
    [InlineData(IngestStatus.UnknownTwin, MqttClientPublishReasonCode.NotAuthorized, "unknown-twin")]
    [InlineData(IngestStatus.TooManyTwins, MqttClientPublishReasonCode.QuotaExceeded, "too-many-twins")]
    public async Task A_twin_that_may_not_come_to_be_is_a_dead_letter_with_its_reason(
        IngestStatus status, MqttClientPublishReasonCode code, string reason)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(status));
        using IMqttClient device = await gateway.ConnectAsync("device");
        MqttClientPublishResult result =
            await device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
        Assert.Equal(code, result.ReasonCode);
        Assert.Equal(reason, Assert.Single(gateway.Store.Letters).Reason);
        await device.DisconnectAsync();
        await gateway.StopAsync();
        Assert.Equal(2, gateway.Twins.All.Count); // presence and readings of the one call: nobody is said to have gone
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_without_an_identifier_is_given_one(bool is5)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient one = await gateway.ConnectAsync(null, is5);
        using IMqttClient two = await gateway.ConnectAsync(null, is5);
        await one.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
        await two.PublishAsync(Message("twins/turbine/t07/nonsense", "x"));
        Assert.True(one.IsConnected && two.IsConnected);
        Assert.StartsWith("twingrid-", Assert.Single(gateway.Store.Letters).Client, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CONNACK_names_the_identifier_the_packet_size_and_the_alias_maximum()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = new MqttClientFactory().CreateMqttClient();
        MqttClientConnectResult result = await client.ConnectAsync(new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", gateway.Port).WithClientId("")
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).Build());
        Assert.StartsWith("twingrid-", result.AssignedClientIdentifier, StringComparison.Ordinal);
        Assert.Equal(262_144u, result.MaximumPacketSize);
        Assert.Equal(16, result.TopicAliasMaximum);
    }

    [Fact]
    public async Task A_session_says_that_a_device_is_there_before_its_readings_and_gone_at_its_end()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using (IMqttClient device = await gateway.ConnectAsync("device"))
        {
            await device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
            await device.PublishAsync(Message("twins/turbine/t07/telemetry/power", "6"));
            await device.PublishAsync(Message("twins/turbine/t08/properties/reported", """{"firmware":"2.1"}"""));
            await device.DisconnectAsync();
        }

        await RunningGateway.Until(() => gateway.Twins.Of("turbine/t08").Count() == 3, "t08 is gone");
        await RunningGateway.Until(() => gateway.Twins.Of("turbine/t07").Count() == 4, "t07 is gone");
        string session = gateway.Twins.All[0].Text.Split('"')[^2];
        Assert.Equal(
            [
                $$"""Presence {"online":true,"session":"{{session}}"}""",
                "Readings power=5",
                "Readings power=6",
                $$"""Presence {"online":false,"session":"{{session}}"}""",
            ],
            gateway.Twins.Of("turbine/t07"));
        Assert.Equal("""ReportedProperties {"firmware":"2.1"}""", gateway.Twins.Of("turbine/t08").ElementAt(1));
        Assert.Equal(gateway.Twins.All[0].Call, gateway.Twins.All[1].Call);
        Assert.Equal(gateway.Twins.All[0].Received, gateway.Twins.All[1].Received);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_taken_over_session_ends_under_its_own_name(bool clean)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient old = await gateway.ConnectAsync("same", more: options => options.WithCleanStart(clean));
        await old.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
        using IMqttClient now = await gateway.ConnectAsync("same", more: options => options.WithCleanStart(clean));
        await now.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":6}"""));
        await RunningGateway.Until(() => gateway.Twins.Of("turbine/t07").Count() == 5, "the old session has ended");
        string[] presence =
        [
            .. gateway.Twins.Of("turbine/t07").Where(told => told.StartsWith("Presence", StringComparison.Ordinal)),
        ];
        Assert.Equal(3, presence.Length);
        Assert.Equal(2, presence.Select(told => told.Split('"')[^2]).Distinct().Count());
        Assert.Equal(
            presence.Single(told => told.Contains("false", StringComparison.Ordinal)).Split('"')[^2],
            presence[0].Split('"')[^2]);
    }

    [Fact]
    public async Task A_client_that_takes_its_session_over_keeps_its_subscriptions()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        bool Wants() => gateway.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Command, "derate");
        using IMqttClient old = await gateway.ConnectAsync("same", is5: false, it => it.WithCleanSession(false));
        await old.SubscribeAsync("twins/turbine/t07/commands/+", MqttQualityOfServiceLevel.AtLeastOnce);
        using IMqttClient now = await gateway.ConnectAsync("same", is5: false, it => it.WithCleanSession(false));
        await RunningGateway.Until(() => !old.IsConnected, "the old connection is closed");
        await RunningGateway.Until(Wants, "the new session goes on with the subscription");
        await now.DisconnectAsync();
        Assert.True(Wants());
        using IMqttClient clean = await gateway.ConnectAsync("same", is5: false);
        await RunningGateway.Until(() => !Wants(), "a clean session has taken its place");
    }

    [Fact]
    public async Task What_the_device_says_of_itself_carries_no_session()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device", more: options => options
            .WithWillTopic("twins/turbine/t07/online").WithWillPayload("false")
            .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce));
        await device.PublishAsync(Message("twins/turbine/t07/online", "true"));
        await device.DisconnectAsync(new MqttClientDisconnectOptions
        {
            Reason = MqttClientDisconnectOptionsReason.DisconnectWithWillMessage,
        });
        device.Dispose();
        Assert.Equal("""Presence {"online":true,"session":""}""", gateway.Twins.Of("turbine/t07").First());

        // A connection that breaks without DISCONNECT leaves its will.
        NetworkStream broken = await gateway.OpenAsync(ConnectWithWill("twins/turbine/t09/online", "false"));
        await broken.ReadExactlyAsync(new byte[4]);
        broken.Socket.LingerState = new LingerOption(true, 0);
        broken.Socket.Dispose();
        await RunningGateway.Until(() => gateway.Twins.Of("turbine/t09").Any(), "the will has come");
        Assert.Equal(["""Presence {"online":false,"session":""}"""], gateway.Twins.Of("turbine/t09"));
    }

    [Fact]
    public async Task Results_and_properties_reach_the_twin_as_inputs()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device");
        await device.PublishAsync(Message(
            "twins/turbine/t07/results/0198",
            """{"status":"in-progress","progress":0.5,"message":"turning","more":1}"""));
        await device.PublishAsync(Message(
            "twins/turbine/t07/results/0198", """{"status":"succeeded","result":{"limit": 0.5}}"""));
        Assert.Equal(
            [
                """CommandResult {"id":"0198","status":"in-progress","progress":0.5,"message":"turning"}""",
                """CommandResult {"id":"0198","status":"succeeded","result":{"limit": 0.5}}""",
            ],
            gateway.Twins.Of("turbine/t07").Skip(1));
    }

    [Fact]
    public async Task Two_hundred_clients_at_once_each_feed_their_twin()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using IMqttClient device = await gateway.ConnectAsync($"device-{i}", i % 2 == 0);
            for (int n = 0; n < 5; n++)
            {
                await device.PublishAsync(Message(
                    $"twins/turbine/t{i}/telemetry", $$"""{"seq":{{n}},"epoch":1,"power":{{n}}}""",
                    n % 2 == 0 ? MqttQualityOfServiceLevel.AtLeastOnce : MqttQualityOfServiceLevel.AtMostOnce));
            }

            await device.PublishAsync(Message($"twins/turbine/t{i}/telemetry", """{"seq":5,"epoch":1,"power":5}"""));
            await device.DisconnectAsync();
        }));
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(
                Enumerable.Range(0, 6).Select(n => $"epoch=1 seq={n} power={n}"),
                gateway.Twins.Readings($"turbine/t{i}"));
        }

        Assert.Empty(gateway.Store.Letters);
    }

    [Fact]
    public async Task Five_bytes_that_announce_256_MiB_claim_no_memory()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 16; i++)
        {
            NetworkStream socket = await gateway.OpenAsync([0x10, 0xFF, 0xFF, 0xFF, 0x7F]);
            await AssertClosedSilentlyAsync(socket);
        }

        long grown = GC.GetTotalMemory(forceFullCollection: false) - before;
        Assert.True(grown < 16 * 1_048_576, $"the heap grew by {grown} bytes for 16 connections");
    }

    [Theory]
    [InlineData("30 00")] // PUBLISH first
    [InlineData("C0 00")] // PINGREQ first
    [InlineData("47 45 54 20 2F 20 48 54 54 50 2F 31 2E 31 0D 0A 0D 0A")] // GET / HTTP/1.1
    [InlineData("16 03 01 02 00 01 00 01 FC 03 03")] // a TLS hello
    [InlineData("10 FF FF FF FF 01")] // a length of five bytes
    [InlineData("10 81 20")] // a CONNECT of 4,097 bytes and its header
    [InlineData("10 02 00 04")] // a CONNECT that is none
    public async Task A_connection_that_does_not_begin_as_MQTT_is_closed_without_a_word(string bytes)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string hex = bytes.Replace(" ", "", StringComparison.Ordinal);
        await AssertClosedSilentlyAsync(await gateway.OpenAsync(Convert.FromHexString(hex)));
    }

    [Fact]
    public async Task A_packet_above_the_limit_closes_its_connection_only()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient other = await gateway.ConnectAsync("other");
        NetworkStream socket = await gateway.OpenAsync(Connect311);
        await socket.ReadExactlyAsync(new byte[4]);
        await socket.WriteAsync(new byte[] { 0x30, 0xFF, 0xFF, 0xFF, 0x7F });
        await AssertClosedSilentlyAsync(socket);
        await other.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
    }

    [Fact]
    public async Task The_largest_packet_is_taken()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device");
        string value = new('1', 100);
        string batch = $"[{string.Join(',', Enumerable.Repeat($"{{\"power\":\"{value}\"}}", 1_000))}]";
        string padded = batch + new string(' ', 260_000 - batch.Length);
        await device.PublishAsync(Message("twins/turbine/t07/telemetry", padded));
        Assert.Equal(1_000, gateway.Twins.Readings("turbine/t07").Count());
    }

    [Fact]
    public async Task Half_a_packet_and_no_more_leaves_no_thread_busy()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        NetworkStream socket = await gateway.OpenAsync([.. Connect311, 0x30, 0x20, 0x00]);
        await socket.ReadExactlyAsync(new byte[4]);
        socket.Socket.Shutdown(SocketShutdown.Send);
        await AssertClosedSilentlyAsync(socket);
    }

    [Fact]
    public async Task A_busy_port_is_an_error_that_names_the_key()
    {
        using TcpListener busy = new(IPAddress.Loopback, 0);
        busy.Start();
        int port = ((IPEndPoint)busy.LocalEndpoint).Port;
        TwinGridException e = await Assert.ThrowsAsync<TwinGridException>(() => RunningGateway.StartAsync(port: port));
        string expected = $"TwinGrid:Mqtt:Port: port {port} of 127.0.0.1 is in use";
        Assert.StartsWith(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_listener_nothing_is_wanted()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(port: -1);
        Assert.Equal(0, gateway.Port);
        Assert.False(gateway.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Alarm, "overheat"));
    }

    [Fact]
    public async Task A_stop_answers_what_is_in_flight_then_says_that_it_shuts_down()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource<IngestResult> commit = new();
        gateway.Twins.Answer = _ => gateway.Twins.All.Count > 2 ? Task.FromResult(new IngestResult()) : commit.Task;
        using IMqttClient device = await gateway.ConnectAsync("device", more: options => options
            .WithWillTopic("twins/turbine/t07/online").WithWillPayload("false"));
        TaskCompletionSource<MqttClientDisconnectReason> reason = new();
        device.DisconnectedAsync += e =>
        {
            reason.TrySetResult(e.Reason);
            return Task.CompletedTask;
        };
        Task<MqttClientPublishResult> publish =
            device.PublishAsync(Message("twins/turbine/t07/telemetry", """{"power":5}"""));
        await RunningGateway.Until(() => gateway.Twins.All.Count == 2, "the twin has the reading");
        Task stop = gateway.StopAsync();
        Assert.False(stop.IsCompleted);
        commit.SetResult(new IngestResult());
        Assert.True((await publish).IsSuccess);
        await stop;
        Assert.Equal(MqttClientDisconnectReason.ServerShuttingDown, await reason.Task);

        // The session's end, and no will of a device that is still there.
        string last = gateway.Twins.Of("turbine/t07").Last();
        Assert.Contains("\"online\":false,\"session\":\"0", last, StringComparison.Ordinal);
        Assert.Equal(3, gateway.Twins.All.Count);
    }

    [Fact]
    public async Task A_letter_that_the_store_cannot_take_is_not_acknowledged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Store.IsBroken = true;
        using IMqttClient device = await gateway.ConnectAsync("device");
        await Assert.ThrowsAnyAsync<Exception>(() => device.PublishAsync(Message("twins/turbine/t07/telemetry", "{")));
        gateway.Store.IsBroken = false;
        using IMqttClient again = await gateway.ConnectAsync("device");
        await again.PublishAsync(Message("twins/turbine/t07/telemetry", "{"));
        Assert.Equal("malformed-json", Assert.Single(gateway.Store.Letters).Reason);
    }

    internal static MqttApplicationMessage Message(
        string topic, string payload, MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) =>
        new MqttApplicationMessageBuilder()
            .WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(qos).Build();

    private static byte[] ConnectWithWill(string topic, string payload)
    {
        byte[] Text(string text) =>
            [(byte)(text.Length >> 8), (byte)text.Length, .. System.Text.Encoding.UTF8.GetBytes(text)];
        byte[] body = [.. Text("MQTT"), 4, 0b0000_1110, 0, 60, .. Text("will"), .. Text(topic), .. Text(payload)];
        return [0x10, (byte)body.Length, .. body];
    }

    private static async Task AssertClosedSilentlyAsync(NetworkStream socket)
    {
        using CancellationTokenSource patience = new(RunningGateway.Patience);
        byte[] buffer = new byte[16];
        try
        {
            Assert.Equal(0, await socket.ReadAsync(buffer, patience.Token));
        }
        catch (IOException)
        {
            // Closed by a reset: just as silent.
        }

        socket.Socket.Dispose();
    }
}
