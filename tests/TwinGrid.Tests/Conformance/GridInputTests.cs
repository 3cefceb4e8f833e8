using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Tests.MqttGateway;

namespace TwinGrid.Tests.Conformance;

/// <summary>Cases of bad input that take more than one connection, on the grid's own topics.</summary>
public sealed class GridInputTests
{
    private const string Temperature = "twins/demo/one/telemetry/temperature";

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_packet_identifier_that_is_used_twice_stores_the_first_message(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await using RawClient client = await RawClient.OpenAsync(gateway.Port, level);
        await client.ConnectAsync(new Connect { ClientId = "device" });
        await client.SendAsync(PacketBytes.Publish(level, Temperature, "21.5", qos: 2, id: 5));
        await client.TakeAsync(PacketKind.PubRec, 5);
        await client.SendAsync(PacketBytes.Publish(level, Temperature, "99", qos: 2, id: 5));

        // Taken for the same message [MQTT-4.3.3-10], or told that the identifier is in use (section 2.4).
        Assert.Contains((await client.TakeAsync(PacketKind.PubRec, 5)).Reason, (byte[])[0x00, 0x91]);
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
        await client.TakeAsync(PacketKind.PubComp, 5);
        Assert.Equal(["temperature=21.5"], gateway.Twins.Readings("demo/one"));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Filters_beyond_the_limit_are_refused_one_by_one(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await using RawClient client = await RawClient.OpenAsync(gateway.Port, level);
        await client.ConnectAsync(new Connect { ClientId = "many" });
        (string, int)[] filters =
            [.. Enumerable.Range(0, 10_000).Select(i => ($"twins/demo/t{i}/alarms/+", 1))];
        byte refused = level == 5 ? (byte)0x97 : (byte)0x80;

        // Two packets, each below Limits:PacketBytes.
        SubAck first = await client.SubscribeAsync(filters[..5_000]);
        Assert.Equal(
            [.. Enumerable.Repeat((byte)1, 1_000), .. Enumerable.Repeat(refused, 4_000)], first.Codes);
        SubAck second = await client.SubscribeAsync(filters[5_000..]);
        Assert.All(second.Codes, code => Assert.Equal(refused, code));

        // One that stands can be renewed, and one that goes makes room.
        Assert.Equal(0, await client.SubscribeAsync(filters[0].Item1, 0));
        await client.UnsubscribeAsync(filters[0].Item1);
        Assert.Equal(1, await client.SubscribeAsync(filters[9_999].Item1, 1));
        Assert.Equal(refused, await client.SubscribeAsync(filters[0].Item1, 1));
    }

    [Theory]
    [InlineData(4, 0x80)]
    [InlineData(5, 0x97)]
    public async Task The_number_of_filters_is_that_of_its_key(int level, byte refused)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            more: services => services.Configure<LimitOptions>(limits => limits.FiltersPerSession = 2));
        await using RawClient client = await RawClient.OpenAsync(gateway.Port, level);
        await client.ConnectAsync(new Connect { ClientId = "three" });
        SubAck answer = await client.SubscribeAsync([("twins/+/a/#", 0), ("twins/+/b/#", 0), ("twins/+/c/#", 0)]);
        Assert.Equal([0, 0, refused], answer.Codes);
    }

    [Fact]
    public async Task An_MQTT_5_client_is_told_how_many_publishes_may_be_in_flight()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            more: services => services.Configure<LimitOptions>(limits => limits.InFlightPerConnection = 3));
        await using RawClient client = await RawClient.OpenAsync(gateway.Port, 5);
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = "three" });
        Assert.Equal(3, answer.Properties.Number(Property.ReceiveMaximum));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_message_of_QoS_2_that_is_cut_at_any_step_is_taken_once(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        for (int step = 0; step < 4; step++)
        {
            string twin = $"cut{step}";
            await CutAsync(gateway, level, step, twin);
            await using RawClient client = await ResumeAsync(gateway, level, twin);
            if (step < 2)
            {
                await client.SendAsync(
                    PacketBytes.Publish(level, Topic(twin), "21.5", qos: 2, id: 5, dup: true));
                await client.TakeAsync(PacketKind.PubRec, 5);
            }

            await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
            await client.TakeAsync(PacketKind.PubComp, 5);
            Assert.Equal(["temperature=21.5"], gateway.Twins.Readings($"demo/{twin}"));
            await client.LeaveAsync();
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_message_of_QoS_2_that_comes_again_is_not_acknowledged_before_the_first_is_committed(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource<IngestResult> commit = new();
        gateway.Twins.Answer = _ => commit.Task;
        RawClient broken = await ResumeAsync(gateway, level, "slow");
        await broken.SendAsync(PacketBytes.Publish(level, Topic("slow"), "21.5", qos: 2, id: 5));
        await RunningGateway.Until(() => gateway.Twins.Readings("demo/slow").Any(), "the twin has the reading");
        broken.Reset();
        await using RawClient client = await ResumeAsync(gateway, level, "slow");
        await client.SendAsync(
            PacketBytes.Publish(level, Topic("slow"), "21.5", qos: 2, id: 5, dup: true), PacketBytes.PingReq);
        RawPacket? beforeTheCommit = await client.ReadAsync();
        commit.SetResult(new IngestResult());
        Assert.IsType<PingResp>(beforeTheCommit);
        await client.TakeAsync(PacketKind.PubRec, 5);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_message_of_QoS_2_that_could_not_be_kept_is_taken_when_it_comes_again(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(IngestStatus.Unavailable));
        await using (RawClient refused = await ResumeAsync(gateway, level, "refused"))
        {
            await refused.SendAsync(PacketBytes.Publish(level, Topic("refused"), "21.5", qos: 2, id: 5));
            await refused.AssertRefusedAsync(0x83, 0x97, 0x80); // and no PUBREC
        }

        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult());
        int before = gateway.Twins.Readings("demo/refused").Count();
        await using RawClient client = await ResumeAsync(gateway, level, "refused");
        await client.SendAsync(PacketBytes.Publish(level, Topic("refused"), "21.5", qos: 2, id: 5, dup: true));
        await client.TakeAsync(PacketKind.PubRec, 5);
        Assert.Equal(before + 1, gateway.Twins.Readings("demo/refused").Count());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task One_address_has_so_many_connections_and_no_more(int level)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            more: services => services.Configure<LimitOptions>(limits => limits.ConnectionsPerAddress = 3));
        List<RawClient> clients = [];
        for (int i = 0; i < 3; i++)
        {
            clients.Add(await RawClient.OpenAsync(gateway.Port, level));
            await clients[i].ConnectAsync(new Connect { ClientId = $"c{i}" });
        }

        for (int i = 0; i < 50; i++)
        {
            await using RawClient tooMany = await RawClient.OpenAsync(gateway.Port, level);
            await tooMany.SendAsync(new Connect { ClientId = $"x{i}" }.ToBytes(level));
            await ConnectTests.AssertNoConnectionAsync(tooMany, level == 5 ? (byte)0x97 : (byte)0x03, 0x9F);
        }

        foreach (RawClient client in clients)
        {
            await client.AssertQuietAsync();
        }

        await clients[0].LeaveAsync();
        await AssertOneMoreMayComeAsync(gateway.Port, level);
        await clients[1].DisposeAsync();
        await clients[2].DisposeAsync();
    }

    private static async Task AssertOneMoreMayComeAsync(int port, int level)
    {
        // The place is free when the server has seen the end of the connection, soon after the client has.
        for (int attempt = 0; ; attempt++)
        {
            await using RawClient next = await RawClient.OpenAsync(port, level);
            await next.SendAsync(new Connect { ClientId = "next" }.ToBytes(level));
            if (await next.ReadAsync() is ConnAck { Code: 0 })
            {
                return;
            }

            Assert.True(attempt < 500, "a place that was left is free again");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    private static async Task CutAsync(RunningGateway gateway, int level, int step, string twin)
    {
        RawClient client = await ResumeAsync(gateway, level, twin);
        await client.SendAsync(PacketBytes.Publish(level, Topic(twin), "21.5", qos: 2, id: 5));
        if (step > 0)
        {
            await client.TakeAsync(PacketKind.PubRec, 5);
        }

        if (step > 1)
        {
            await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
        }

        if (step > 2)
        {
            await client.TakeAsync(PacketKind.PubComp, 5);
        }

        client.Reset();
    }

    private static async Task<RawClient> ResumeAsync(RunningGateway gateway, int level, string id)
    {
        RawClient client = await RawClient.OpenAsync(gateway.Port, level);
        await client.ConnectAsync(new Connect
        {
            ClientId = id,
            CleanStart = false,
            Properties = new() { { Property.SessionExpiry, 600 } },
        });
        return client;
    }

    private static string Topic(string twin) => $"twins/demo/{twin}/telemetry/temperature";
}
