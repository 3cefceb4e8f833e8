using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>How long sessions live, where, and how many.</summary>
public class SessionLifeTests
{
    private const string Commands = "twins/turbine/t07/commands/+";

    [Fact]
    public async Task A_session_that_stays_is_in_the_store_before_its_subscription_is_granted()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await StayAsync(gateway, "device", 600);
        await device.SubscribeAsync(Commands, MqttQualityOfServiceLevel.AtLeastOnce);
        StoredSession stored = gateway.Store.Sessions["device"];
        Assert.Equal(600u, stored.ExpirySeconds);
        Assert.Null(stored.EndedAt);
        Subscription kept = Assert.Single(Read(stored));
        Assert.Equal((Commands, 1), (kept.Filter.Text, kept.Request.Qos));
    }

    [Fact]
    public async Task A_session_of_another_process_goes_on_with_its_subscriptions()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using (IMqttClient device = await StayAsync(gateway, "device", 600))
        {
            await device.SubscribeAsync(Commands, MqttQualityOfServiceLevel.AtLeastOnce);
            await device.DisconnectAsync();
        }

        await gateway.StopAsync();
        Assert.NotNull(gateway.Store.Sessions["device"].EndedAt);
        await using RunningGateway next = await RunningGateway.StartAsync(
            more: services => services.AddSingleton<ITwinStore>(gateway.Store));
        using IMqttClient back = next.NewClient();
        MqttClientConnectResult result = await back.ConnectAsync(next.Stay("device", 600));
        Assert.True(result.IsSessionPresent);
        Assert.True(next.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Command, "derate"));
        await RunningGateway.Until(
            () => next.Grains.Calls.Contains("RedeliverAsync default/turbine/t07"), "its commands were asked for");
    }

    [Fact]
    public async Task A_session_of_another_process_is_told_what_stands_for_each_of_its_filters()
    {
        string[] pumps = [.. Enumerable.Range(0, 200).Select(i => $"pump/p{i}")];
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using (IMqttClient observer = await StayAsync(gateway, "observer", 600))
        {
            foreach (string pump in pumps)
            {
                await observer.SubscribeAsync($"twins/{pump}/alarms/+", MqttQualityOfServiceLevel.AtLeastOnce);
            }

            await observer.DisconnectAsync();
        }

        await gateway.StopAsync();
        await using RunningGateway next = await RunningGateway.StartAsync(
            more: services => services.AddSingleton<ITwinStore>(gateway.Store));
        using IMqttClient back = await StayAsync(next, "observer", 600);
        IEnumerable<string> asked = pumps.Select(pump => $"RepublishAsync default/{pump}");
        await RunningGateway.Until(
            () => !asked.Except(next.Grains.Calls).Any(), "every twin was asked how its alarms stand");
    }

    [Fact]
    public void What_a_session_without_a_connection_was_to_be_told_its_next_connection_asks_for()
    {
        MqttSession session = new("client", "token", 1, new LimitOptions { QueuedPerSession = 1 })
        {
            ExpirySeconds = 600,
        };
        Assert.Null(session.MustWaitForRoom(() => Assert.Fail("it has no connection")));
        session.Attach(new Unheard(), 1);
        Assert.True(session.TakeLost());
        Assert.False(session.TakeLost());

        session.Send(Any(), 1, retain: false, default);
        Assert.True(session.MustWaitForRoom(() => Assert.Fail("its connection is another")));
        session.Attach(new Unheard(), 1);
        Assert.True(session.TakeLost());
    }

    [Fact]
    public async Task A_session_that_the_store_cannot_keep_grants_no_subscription()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await StayAsync(gateway, "device", 600);
        gateway.Store.IsBroken = true;
        MqttClientSubscribeResult result = await device.SubscribeAsync(Commands);
        Assert.Equal(MqttClientSubscribeResultCode.UnspecifiedError, result.Items.Single().ResultCode);
        Assert.False(gateway.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Command, "derate"));
    }

    [Fact]
    public async Task A_session_lives_at_most_as_long_as_the_limit_says_and_its_client_is_told()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(more: With(limits =>
            limits.SessionKeep = TimeSpan.FromSeconds(1)));
        using IMqttClient device = gateway.NewClient();
        MqttClientConnectResult result = await device.ConnectAsync(gateway.Stay("device", 600));
        Assert.Equal(1u, result.SessionExpiryInterval);
        await device.SubscribeAsync(Commands);
        await device.DisconnectAsync();
        await RunningGateway.Until(() => gateway.Store.Sessions.IsEmpty, "the session has ended");
        Assert.False(gateway.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Command, "derate"));
    }

    [Fact]
    public async Task There_are_at_most_as_many_sessions_that_stay_as_the_limit_says()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(more: With(limits => limits.Sessions = 2));
        using IMqttClient one = await StayAsync(gateway, "one", 600);
        using IMqttClient two = await StayAsync(gateway, "two", 600);
        using IMqttClient three = gateway.NewClient();
        MqttClientConnectResult refused = await three.ConnectAsync(gateway.Stay("three", 600));
        Assert.Equal(MqttClientConnectResultCode.QuotaExceeded, refused.ResultCode);
        using IMqttClient fleeting = await gateway.ConnectAsync("four");
        Assert.True(fleeting.IsConnected);
        using IMqttClient again = gateway.NewClient();
        MqttClientConnectResult back = await again.ConnectAsync(gateway.Stay("two", 600));
        Assert.Equal(MqttClientConnectResultCode.Success, back.ResultCode);
    }

    [Fact]
    public void A_client_that_comes_and_goes_leaves_one_deadline()
    {
        SessionDeadlines deadlines = new();
        MqttSession session = new("client", "token", 1, new LimitOptions());
        for (int i = 0; i < 1_000; i++)
        {
            deadlines.Set(session, i);
        }

        Assert.Same(session, deadlines.TakeDue(999));
        Assert.Null(deadlines.TakeDue(long.MaxValue));
        deadlines.Set(session, 5);
        deadlines.Set(session, null);
        Assert.Null(deadlines.TakeDue(long.MaxValue));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_will_of_a_connection_that_is_taken_over_stands_before_what_the_next_one_says(bool is5)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Action<MqttClientOptionsBuilder> will = it => it
            .WithWillTopic("twins/boat/b1/online").WithWillPayload("false").WithWillQualityOfServiceLevel(
                MqttQualityOfServiceLevel.AtLeastOnce);
        using IMqttClient old = await gateway.ConnectAsync("same", is5, will);
        using IMqttClient now = await gateway.ConnectAsync("same", is5, will);
        await now.PublishStringAsync(
            "twins/boat/b1/online", "true", MqttQualityOfServiceLevel.AtLeastOnce);
        await RunningGateway.Until(() => !old.IsConnected, "the old connection is closed");
        Assert.Equal(
            ["""Presence {"online":false,"session":""}""", """Presence {"online":true,"session":""}"""],
            gateway.Twins.Of("boat/b1").Where(told => told.Contains("\"session\":\"\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_subscriber_that_is_owed_more_than_may_wait_draws_it_as_it_takes_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            more: With(limits => limits.QueuedPerSession = 4));
        gateway.Grains.Page = new TwinPage(
            [.. Enumerable.Range(0, 60).Select(i => new TwinSummary($"pump/p{i}", "pump", 3, null, true, 1))], null);
        gateway.Grains.OnCall = (call, recipient) => gateway.Effects.Publish(
        [
            new TwinEffect
            {
                Twin = TwinId.FromGrainKey(call.Split(' ')[1]),
                Kind = EffectKind.Alarm,
                Name = "overheat",
                Alarm = new AlarmSnapshot
                {
                    Name = "overheat",
                    State = AlarmState.Active,
                    Severity = AlarmSeverity.Major,
                    Since = DateTimeOffset.UnixEpoch,
                    Why = "hot",
                },
                Recipient = recipient,
            },
        ]);
        HashSet<string> heard = [];
        using IMqttClient observer = gateway.NewClient();
        observer.ApplicationMessageReceivedAsync += async e =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
            lock (heard)
            {
                heard.Add(e.ApplicationMessage.Topic);
            }
        };
        await observer.ConnectAsync(gateway.Stay("observer", 0));
        await observer.SubscribeAsync("twins/#", MqttQualityOfServiceLevel.AtLeastOnce);
        await RunningGateway.Until(() => Heard() == 60, "all sixty alarms were told");
        Assert.True(observer.IsConnected);

        int Heard()
        {
            lock (heard)
            {
                return heard.Count;
            }
        }
    }

    [Fact]
    public void The_stored_form_of_a_session_gives_its_subscriptions_back()
    {
        MqttSession session = new("client", "token", 1, new LimitOptions());
        SubscriptionRequest request = new("twins/#", 2, true, true, RetainHandling.Never);
        Subscription subscription = new(session, TopicFilter.Parse("twins/#")!, request, 268_435_455);
        Subscription read = Assert.Single(SessionState.Read(session, SessionState.Write([subscription])));
        Assert.Equal(request, read.Request);
        Assert.Equal(268_435_455u, read.Identifier);
    }

    private static OutgoingMessage Any() => new()
    {
        Topic = "twins/pump/p1/alarms/hot",
        TopicUtf8 = "twins/pump/p1/alarms/hot"u8.ToArray(),
        Payload = default,
        Qos = 1,
    };

    private static IReadOnlyList<Subscription> Read(StoredSession stored) =>
        SessionState.Read(new MqttSession(stored.Client, "token", 1, new LimitOptions()), stored.State);

    private static Action<IServiceCollection> With(Action<LimitOptions> limits) =>
        services => services.Configure(limits);

    private static async Task<IMqttClient> StayAsync(RunningGateway gateway, string id, uint expiry)
    {
        IMqttClient client = gateway.NewClient();
        await client.ConnectAsync(gateway.Stay(id, expiry));
        return client;
    }

    private sealed class Unheard : SessionLink
    {
        public override void Wake()
        {
        }

        public override void Answer(ushort packetId, bool acknowledge, ReasonCode reason, string? detail)
        {
        }

        public override void TakeOver()
        {
        }

        public override void Overflow()
        {
        }
    }
}
