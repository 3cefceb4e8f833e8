using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>Wills over the death of the gateway that has them: MQTT 5 sections 3.1.2.5 and 3.1.3.2.2.</summary>
public sealed class WillLifeTests
{
    private const string Topic = "twins/boat/b1/telemetry/farewell";

    [Fact]
    public async Task A_will_is_in_the_store_before_its_connection_is_accepted_and_goes_with_a_normal_end()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await ConnectAsync(gateway);
        OwedWill kept = Will(gateway.Store)!;
        Assert.Equal(Topic, Encoding.UTF8.GetString(kept.Message.Topic.Span));
        Assert.Null(kept.At);

        await device.DisconnectAsync();
        await RunningGateway.Until(() => gateway.Store.Sessions.IsEmpty, "the row is gone");
        Assert.Empty(gateway.Twins.Readings("boat/b1"));
    }

    [Fact]
    public async Task A_connection_without_a_will_that_stays_no_longer_than_it_lasts_has_no_row()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device");
        await device.SubscribeAsync("twins/#");
        Assert.Empty(gateway.Store.Sessions);
    }

    [Fact]
    public async Task A_connection_whose_will_cannot_be_kept_is_refused()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Store.IsBroken = true;
        using IMqttClient device = gateway.NewClient();
        MqttClientConnectResult result = await device.ConnectAsync(Options(gateway).Build());
        Assert.Equal(MqttClientConnectResultCode.ServerUnavailable, result.ResultCode);
        gateway.Store.IsBroken = false;
        Assert.Empty(gateway.Twins.Readings("boat/b1"));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(600u)]
    public async Task The_will_of_a_killed_gateway_is_published_once_by_the_next(uint expiry)
    {
        await using RunningGateway killed = await RunningGateway.StartAsync();
        using IMqttClient device = await ConnectAsync(killed, expiry);
        RecordingStore disk = AsKilled(killed);
        await using (RunningGateway next = await StartAsync(disk))
        {
            await RunningGateway.Until(() => IsOut(disk), "the will is out");
            Assert.Single(next.Twins.Readings("boat/b1"));
            Assert.Equal(expiry > 0, disk.Sessions.ContainsKey("device"));
        }

        await using RunningGateway last = await StartAsync(disk);
        Assert.Empty(last.Twins.Readings("boat/b1"));
    }

    [Fact]
    public async Task A_client_that_said_good_bye_leaves_no_will_to_the_next()
    {
        await using RunningGateway killed = await RunningGateway.StartAsync();
        using IMqttClient device = await ConnectAsync(killed, 600);
        await device.DisconnectAsync();
        await RunningGateway.Until(() => Will(killed.Store) is null, "its row says so");
        Assert.Empty(killed.Twins.Readings("boat/b1"));
        await using RunningGateway next = await StartAsync(AsKilled(killed));
        Assert.Empty(next.Twins.Readings("boat/b1"));
        Assert.True(await IsPresentAsync(next));
    }

    [Fact]
    public async Task A_client_that_comes_back_before_the_delay_is_over_stops_the_will_of_its_killed_gateway()
    {
        await using RunningGateway killed = await RunningGateway.StartAsync();
        using IMqttClient device = await ConnectAsync(killed, 600, delay: 300);
        RecordingStore disk = AsKilled(killed);
        await using RunningGateway next = await StartAsync(disk);
        Assert.NotNull(Will(disk));
        Assert.True(await IsPresentAsync(next));
        await RunningGateway.Until(() => IsOut(disk), "its row has none");
        Assert.Empty(next.Twins.Readings("boat/b1"));
    }

    [Fact]
    public async Task Of_a_delay_what_is_left_is_waited_for()
    {
        await using RunningGateway killed = await RunningGateway.StartAsync();
        using IMqttClient device = await ConnectAsync(killed, 600, delay: 300);
        RecordingStore disk = AsKilled(killed);
        long due = UnixMicroseconds.Now(TimeProvider.System) + UnixMicroseconds.PerSecond;
        disk.Sessions["device"] = disk.Sessions["device"] with { EndedAt = due - (300 * UnixMicroseconds.PerSecond) };
        await using RunningGateway next = await StartAsync(disk);
        await RunningGateway.Until(() => IsOut(disk), "the will is out");
        Told told = Assert.Single(next.Twins.All);
        Assert.InRange(told.Received, due, due + (30 * UnixMicroseconds.PerSecond));
    }

    [Fact]
    public async Task A_will_that_was_begun_before_the_crash_is_published_as_of_its_time()
    {
        await using RunningGateway killed = await RunningGateway.StartAsync();
        killed.Twins.Answer = _ => new TaskCompletionSource<IngestResult>().Task;
        using IMqttClient device = await ConnectAsync(killed, 600);
        await device.DisconnectAsync(new MqttClientDisconnectOptions
        {
            Reason = MqttClientDisconnectOptionsReason.DisconnectWithWillMessage,
        });
        await RunningGateway.Until(() => killed.Twins.Readings("boat/b1").Any(), "it is under way");
        string first = killed.Twins.Readings("boat/b1").Single();
        long at = Will(killed.Store)!.At!.Value;
        Assert.Equal($"farewell=7@{at}", first);

        RecordingStore disk = AsKilled(killed);
        await using RunningGateway next = await StartAsync(disk);
        await RunningGateway.Until(() => IsOut(disk), "the will is out");
        Assert.Equal([first], next.Twins.Readings("boat/b1"));
    }

    [Fact]
    public async Task A_will_that_its_twin_does_not_take_is_tried_again_and_kept_until_it_does()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        int asked = 0;
        gateway.Twins.Answer = _ => Task.FromResult(
            new IngestResult(++asked < 2 ? IngestStatus.Unavailable : IngestStatus.Accepted));
        using IMqttClient device = await ConnectAsync(gateway);
        await device.DisconnectAsync(new MqttClientDisconnectOptions
        {
            Reason = MqttClientDisconnectOptionsReason.DisconnectWithWillMessage,
        });
        await RunningGateway.Until(() => asked == 1, "it was tried");
        Assert.NotNull(Will(gateway.Store));
        await RunningGateway.Until(() => gateway.Store.Sessions.IsEmpty, "it is out");
        string[] told = [.. gateway.Twins.Readings("boat/b1")];
        Assert.Equal(2, told.Length);
        Assert.Equal(told[0], told[1]);
    }

    [Fact]
    public async Task A_will_is_out_before_another_gateway_gets_the_session()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource<IngestResult> commit = new();
        gateway.Twins.Answer = _ => commit.Task;
        using IMqttClient device = await ConnectAsync(gateway, 600);
        Task<ClaimAnswer> release = gateway.Sessions.ReleaseAsync(
            new ClaimRequest("device", new SessionClaim(long.MaxValue, "elsewhere"), false));
        await RunningGateway.Until(() => gateway.Twins.Readings("boat/b1").Any(), "it is under way");
        Assert.False(release.IsCompleted);
        commit.SetResult(new IngestResult());
        Assert.Equal(ClaimVerdict.Released, (await release.WaitAsync(RunningGateway.Patience)).Verdict);
        await RunningGateway.Until(() => IsOut(gateway.Store), "its row has none");
        Assert.True(gateway.Store.Sessions.ContainsKey("device"));
        Assert.Single(gateway.Twins.Readings("boat/b1"));
    }

    [Fact]
    public void The_stored_form_of_a_session_gives_its_will_back_behind_what_reads_no_wills()
    {
        MqttSession session = new("client", "token", 1, new LimitOptions());
        Subscription subscription = new(
            session, TopicFilter.Parse("twins/#")!, new("twins/#", 1, false, true, RetainHandling.Always), 7);
        OwedWill will = new(
            new WillMessage
            {
                Topic = "a/b"u8.ToArray(),
                Payload = new byte[] { 0, 255 },
                Qos = 2,
                Retain = true,
                Delay = uint.MaxValue,
                MessageExpiry = 0,
                ContentType = "text/plain"u8.ToArray(),
                PublishProperties = new byte[] { 1, 0 },
            },
            1_780_000_000_000_000);

        byte[] without = SessionState.Write([subscription]);
        byte[] with = SessionState.Write([subscription], will);

        Assert.Equal(without, with[..without.Length]);
        Assert.Null(SessionState.ReadWill("client", without));
        Assert.Equal(subscription.Request, Assert.Single(SessionState.Read(session, with)).Request);
        OwedWill read = SessionState.ReadWill("client", with)!;
        Assert.Equal(will.At, read.At);
        Assert.Equal(with, SessionState.Write([subscription], read));
        with[without.Length] = 2;
        Assert.Throws<TwinGridException>(() => SessionState.ReadWill("client", with));
    }

    private static MqttClientOptionsBuilder Options(RunningGateway gateway, uint expiry = 0, uint delay = 0) =>
        new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", gateway.Port)
            .WithTimeout(RunningGateway.Patience)
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
            .WithClientId("device")
            .WithCleanStart(false)
            .WithSessionExpiryInterval(expiry)
            .WithWillTopic(Topic)
            .WithWillPayload("7")
            .WithWillDelayInterval(delay)
            .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);

    private static async Task<IMqttClient> ConnectAsync(RunningGateway gateway, uint expiry = 0, uint delay = 0)
    {
        IMqttClient client = gateway.NewClient();
        MqttClientConnectResult result = await client.ConnectAsync(Options(gateway, expiry, delay).Build());
        Assert.Equal(MqttClientConnectResultCode.Success, result.ResultCode);
        return client;
    }

    private static async Task<bool> IsPresentAsync(RunningGateway gateway)
    {
        using IMqttClient client = gateway.NewClient();
        MqttClientConnectResult result = await client.ConnectAsync(gateway.Stay("device", 600));
        await client.DisconnectAsync();
        return result.IsSessionPresent;
    }

    /// <summary>What a store would hold if the gateway's process ended now, without a word.</summary>
    private static RecordingStore AsKilled(RunningGateway gateway)
    {
        RecordingStore disk = new();
        foreach ((string client, StoredSession row) in gateway.Store.Sessions)
        {
            disk.Sessions[client] = row;
        }

        return disk;
    }

    private static Task<RunningGateway> StartAsync(RecordingStore disk) => RunningGateway.StartAsync(
        more: services => services.AddSingleton<ITwinStore>(disk));

    private static OwedWill? Will(RecordingStore store) => store.Sessions.TryGetValue("device", out StoredSession? row)
        ? SessionState.ReadWill("device", row.State)
        : null;

    private static bool IsOut(RecordingStore store) => Will(store) is null;
}
