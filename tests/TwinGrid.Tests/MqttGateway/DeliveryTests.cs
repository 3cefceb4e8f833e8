using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Protocol;

namespace TwinGrid.Tests.MqttGateway;

public class DeliveryTests
{
    private static readonly TwinId T07 = new("turbine", "t07");
    private static readonly DateTimeOffset At = new(2026, 5, 17, 8, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_twins_state_predictions_and_alarms_reach_whoever_subscribed()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening anyone = await Listening.OnAsync(gateway, "twins/#");
        gateway.Effects.Publish([State(7), Prediction(), Alarm(AlarmState.Active)]);
        await anyone.Until(3);
        JsonElement state = anyone.Json("twins/turbine/t07/state");
        Assert.Equal("turbine/t07", state.GetProperty("id").GetString());
        Assert.Equal(7, state.GetProperty("revision").GetInt64());
        JsonElement prediction = anyone.Json("twins/turbine/t07/predictions/power");
        Assert.Equal(1_850, prediction.GetProperty("value").GetDouble());
        Assert.Equal("power", prediction.GetProperty("model").GetProperty("name").GetString());
        Assert.Equal("PT0S", prediction.GetProperty("horizon").GetString());
        JsonElement alarm = anyone.Json("twins/turbine/t07/alarms/overheat");
        Assert.Equal("active", alarm.GetProperty("state").GetString());
        Assert.Equal("major", alarm.GetProperty("severity").GetString());
        Assert.False(alarm.GetProperty("acknowledged").GetBoolean());
        Assert.All(anyone.Messages, message => Assert.False(message.Retain));
    }

    [Fact]
    public async Task Only_what_somebody_subscribed_to_is_wanted_but_alarms_always()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        bool Wants(EffectKind kind, string name = "") => gateway.Effects.Wants(T07, kind, name);
        Assert.False(Wants(EffectKind.State) || Wants(EffectKind.Prediction, "power"));
        Assert.False(Wants(EffectKind.Command, "derate"));
        Assert.True(Wants(EffectKind.Alarm, "overheat") && Wants(EffectKind.Deleted));
        Listening state = await Listening.OnAsync(gateway, "twins/turbine/+/state");
        Assert.True(Wants(EffectKind.State));
        Assert.False(Wants(EffectKind.Prediction, "power"));
        Assert.False(gateway.Effects.Wants(new TwinId("pump", "p"), EffectKind.State, ""));
        using Listening prediction = await Listening.OnAsync(gateway, "twins/turbine/t07/predictions/power");
        Assert.True(Wants(EffectKind.Prediction, "power"));
        Assert.False(Wants(EffectKind.Prediction, "life"));
        await prediction.Client.UnsubscribeAsync("twins/turbine/t07/predictions/power");
        Assert.False(Wants(EffectKind.Prediction, "power"));
        state.Dispose();
        await RunningGateway.Until(() => !Wants(EffectKind.State), "the subscriber is gone");
    }

    [Fact]
    public async Task Alarms_are_retained_until_the_twin_is_deleted()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening first = await Listening.OnAsync(gateway, "twins/+/+/alarms/+");
        gateway.Effects.Publish([Alarm(AlarmState.Active)]);
        await first.Until(1);
        gateway.Grains.OnCall = (_, recipient) =>
            gateway.Effects.Publish([Alarm(AlarmState.Active) with { Recipient = recipient }]);
        using Listening late = await Listening.OnAsync(gateway, "twins/turbine/t07/alarms/overheat");
        await late.Until(1);
        Assert.True(late.Messages.Single().Retain);
        Assert.Single(first.Messages);
        gateway.Effects.Publish([new TwinEffect { Twin = T07, Kind = EffectKind.Deleted }]);
        await first.Until(2);
        Assert.Equal(0, first.Messages[^1].Payload.Length);
        using Listening after = await Listening.OnAsync(gateway, "twins/#");
        gateway.Effects.Publish([State(8)]);
        await after.Until(1);
        Assert.EndsWith("/state", after.Messages.Single().Topic, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_command_is_delivered_when_its_own_device_acknowledged_it(bool is5)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening observer = await Listening.OnAsync(gateway, "twins/#");
        gateway.Effects.Publish([Command("one", TimeSpan.FromSeconds(30))]);
        await observer.Until(1);
        using Listening device = await Listening.OnAsync(gateway, "twins/turbine/t07/commands/+", is5);
        gateway.Effects.Publish([Command("two", TimeSpan.FromSeconds(30))]);
        await RunningGateway.Until(() => gateway.Twins.All.Count > 0, "a command was delivered");
        Assert.Equal(["""CommandDelivered {"id":"two"}"""], gateway.Twins.Of("turbine/t07"));
        MqttApplicationMessage command = device.Messages.Single();
        Assert.Equal(MqttQualityOfServiceLevel.AtLeastOnce, command.QualityOfServiceLevel);
        Assert.Equal("twins/turbine/t07/commands/derate", command.Topic);
        Assert.False(command.Retain);
        JsonElement body = device.Json(command.Topic);
        Assert.Equal(
            ["args", "expiresAt", "id", "issuedAt"], body.EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(0.5, body.GetProperty("args").GetProperty("limit").GetDouble());
        if (is5)
        {
            Assert.InRange(command.MessageExpiryInterval, 1u, 30u);
            Assert.Equal("twins/turbine/t07/results/two", command.ResponseTopic);
            Assert.Equal("two", Encoding.UTF8.GetString(command.CorrelationData));
        }
    }

    [Theory]
    [InlineData("twins/turbine/t07/#")]
    [InlineData("twins/turbine/t07/+/+")]
    [InlineData("twins/turbine/t07/+/derate")]
    public async Task Whoever_looks_at_all_of_a_twin_does_not_take_its_commands_from_the_device(string filter)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening observer = await Listening.OnAsync(gateway, filter);
        gateway.Effects.Publish([Command("one", TimeSpan.FromSeconds(30))]);
        await observer.Until(1);
        Assert.True(await gateway.Effects.TryRecallAsync(Recall("one")).WaitAsync(RunningGateway.Patience));

        using Listening device = await Listening.OnAsync(gateway, "twins/turbine/t07/commands/+");
        gateway.Effects.Publish([Command("two", TimeSpan.FromSeconds(30))]);
        await device.Until(1);
        await observer.Until(2);
        await RunningGateway.Until(() => gateway.Twins.All.Count > 0, "a command was delivered");
        Assert.Equal(["""CommandDelivered {"id":"two"}"""], gateway.Twins.Of("turbine/t07"));
        gateway.Effects.Publish([Command("two", TimeSpan.FromSeconds(30)) with { IsRepeated = true }, State(1)]);
        await observer.Until(filter.EndsWith('#') ? 3 : 2);
        Assert.Equal(2, observer.Messages.Count(message => message.Topic.Contains("/commands/")));
        Assert.Equal(
            ["RedeliverAsync default/turbine/t07"],
            gateway.Grains.Calls.Where(call => call.StartsWith("Redeliver", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_command_that_has_expired_is_not_sent()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening device = await Listening.OnAsync(gateway, "twins/turbine/t07/commands/+");
        gateway.Effects.Publish([Command("late", TimeSpan.FromSeconds(-1)), Command("now", TimeSpan.FromSeconds(30))]);
        await device.Until(1);
        Assert.Equal("now", device.Json("twins/turbine/t07/commands/derate").GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_command_that_was_sent_cannot_be_taken_back_and_one_that_nobody_has_can()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening observer = await Listening.OnAsync(gateway, "twins/#");
        gateway.Effects.Publish([Command("unheard", TimeSpan.FromSeconds(30))]);
        Assert.True(await gateway.Effects.TryRecallAsync(Recall("unheard")).WaitAsync(RunningGateway.Patience));
        using Listening device = await Listening.OnAsync(gateway, "twins/turbine/t07/commands/+");
        gateway.Effects.Publish([Command("heard", TimeSpan.FromSeconds(30))]);
        await device.Until(1);
        Assert.False(await gateway.Effects.TryRecallAsync(Recall("heard")).WaitAsync(RunningGateway.Patience));
    }

    [Fact]
    public async Task A_gateway_that_stops_leaves_nobody_waiting_for_a_recall()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await gateway.StopAsync();
        await Assert.ThrowsAsync<TwinGridUnavailableException>(
            () => gateway.Effects.TryRecallAsync(Recall("late")).WaitAsync(RunningGateway.Patience));
    }

    [Fact]
    public async Task Desired_properties_are_found_by_wildcards_and_go_with_their_twin()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Grains.Page = new TwinPage(
            [new TwinSummary("turbine/t07", "turbine", 3, null, true, 0) { DesiredRevision = 2 }], null);
        TwinEffect desired = new()
        {
            Twin = T07,
            Kind = EffectKind.Desired,
            Desired = new DesiredSnapshot(2, new RawJson("""{"limit":5}""")),
        };
        gateway.Grains.OnCall = (_, recipient) => gateway.Effects.Publish([desired with { Recipient = recipient }]);
        using Listening anyone = await Listening.OnAsync(gateway, "twins/+/+/properties/desired");
        await anyone.Until(1);
        Assert.True(anyone.Messages.Single().Retain);
        Assert.Equal(
            """{"revision":2,"desired":{"limit":5}}""",
            anyone.Json("twins/turbine/t07/properties/desired").GetRawText());
        gateway.Effects.Publish([new TwinEffect { Twin = T07, Kind = EffectKind.Deleted }]);
        await anyone.Until(2);
        Assert.Equal(0, anyone.Messages[^1].Payload.Length);
    }

    [Fact]
    public async Task A_device_that_subscribes_is_sent_what_waits_for_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Grains.OnCall = (call, recipient) =>
        {
            if (call == "RedeliverAsync default/turbine/t07")
            {
                gateway.Effects.Publish(
                    [Command("waited", TimeSpan.FromSeconds(30)) with { Recipient = recipient }]);
            }
        };
        using Listening observer = await Listening.OnAsync(gateway, "twins/+/+/commands/+");
        using Listening device = await Listening.OnAsync(
            gateway, "twins/turbine/t07/commands/+", "twins/turbine/t07/alarms/+");
        await device.Until(1);
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 2, "commands and alarms were asked for");
        Assert.Equal("waited", device.Json("twins/turbine/t07/commands/derate").GetProperty("id").GetString());
        Assert.Equal(
            ["RedeliverAsync default/turbine/t07", "RepublishAsync default/turbine/t07"],
            gateway.Grains.Calls.Order());
        Assert.Empty(observer.Messages);
    }

    [Fact]
    public async Task Alarms_of_before_the_start_are_found_by_wildcards_too()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Grains.Page = new TwinPage(
            [
                new TwinSummary("pump/p1", "pump", 3, null, true, 1),
                new TwinSummary("pump/p2", "pump", 3, null, true, 0),
            ],
            null);
        using Listening one = await Listening.OnAsync(gateway, "twins/#");
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 1, "the alarms were asked for");
        using Listening two = await Listening.OnAsync(
            gateway, "twins/#", "twins/pump/p1/alarms/+", "twins/pump/p3/alarms/+");
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 4, "the alarms were asked for");
        Assert.Equal(
            [
                "RepublishAsync default/pump/p1",
                "RepublishAsync default/pump/p1",
                "RepublishAsync default/pump/p1",
                "RepublishAsync default/pump/p3",
            ],
            gateway.Grains.Calls.Order());
    }

    [Fact]
    public async Task What_devices_publish_is_not_relayed_and_not_retained()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Listening anyone = await Listening.OnAsync(gateway, "#");
        using IMqttClient device = await gateway.ConnectAsync("device");
        MqttApplicationMessage reading = ListenerTests.Message("twins/turbine/t07/telemetry", """{"power":5}""");
        reading.Retain = true;
        await device.PublishAsync(reading);
        using Listening late = await Listening.OnAsync(gateway, "twins/turbine/t07/#");
        gateway.Effects.Publish([State(1)]);
        await anyone.Until(1);
        await late.Until(1);
        Assert.EndsWith("/state", anyone.Messages.Single().Topic, StringComparison.Ordinal);
        Assert.EndsWith("/state", late.Messages.Single().Topic, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$share/group/twins/#", MqttClientSubscribeResultCode.SharedSubscriptionsNotSupported)]
    [InlineData("twins/tur+/x", MqttClientSubscribeResultCode.TopicFilterInvalid)]
    [InlineData("twins/#", MqttClientSubscribeResultCode.GrantedQoS1)]
    [InlineData("anything/at/all", MqttClientSubscribeResultCode.GrantedQoS1)]
    public async Task Filters_are_granted_or_refused_with_a_reason(string filter, MqttClientSubscribeResultCode code)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = await gateway.ConnectAsync();

        // The options are made by hand: the builder would refuse a wrong filter before it is sent.
        MqttClientSubscribeResult result = await client.SubscribeAsync(new MqttClientSubscribeOptions
        {
            TopicFilters = [new() { Topic = filter, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }],
        });
        Assert.Equal(code, result.Items.Single().ResultCode);
    }

    private static TwinEffect State(long revision) => new()
    {
        Twin = T07,
        Kind = EffectKind.State,
        State = new TwinSnapshot
        {
            Id = "turbine/t07",
            Kind = "turbine",
            Revision = revision,
            Telemetry = new Dictionary<string, TelemetrySnapshot>(),
            Properties = new PropertiesSnapshot(RawJson.EmptyObject, RawJson.EmptyObject),
            Predictions = new Dictionary<string, PredictionSnapshot>(),
            Alarms = [],
            Sources = [],
            Counters = new CountersSnapshot(0, 0, 0, 0, 0, 0),
            Commands = [],
        },
    };

    private static TwinEffect Prediction() => new()
    {
        Twin = T07,
        Kind = EffectKind.Prediction,
        Name = "power",
        Prediction = new PredictionSnapshot
        {
            Value = 1_850,
            For = At,
            At = At,
            Horizon = "PT0S",
            Model = new ModelIdentity("power", 1),
            Why = "as the wind says",
        },
    };

    private static TwinEffect Alarm(AlarmState state) => new()
    {
        Twin = T07,
        Kind = EffectKind.Alarm,
        Name = "overheat",
        Alarm = new AlarmSnapshot
        {
            Name = "overheat",
            State = state,
            Severity = AlarmSeverity.Major,
            Since = At,
            Why = "bearing at 91 °C",
        },
    };

    private static TwinEffect Recall(string id) =>
        Command(id, TimeSpan.FromSeconds(30)) with { Kind = EffectKind.Recall };

    private static TwinEffect Command(string id, TimeSpan expiresIn) => new()
    {
        Twin = T07,
        Kind = EffectKind.Command,
        Name = "derate",
        Command = new CommandMessage(
            id, "derate", new RawJson("""{"limit":0.5}"""), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow + expiresIn),
    };

    /// <summary>A subscriber and what it got.</summary>
    private sealed class Listening(IMqttClient client) : IDisposable
    {
        private readonly ConcurrentQueue<MqttApplicationMessage> _messages = new();

        public IMqttClient Client => client;

        public IReadOnlyList<MqttApplicationMessage> Messages => [.. _messages];

        public static Task<Listening> OnAsync(RunningGateway gateway, params string[] filters) =>
            OnAsync(gateway, true, filters);

        public static Task<Listening> OnAsync(RunningGateway gateway, string filter, bool is5) =>
            OnAsync(gateway, is5, [filter]);

        public Task Until(int count) =>
            RunningGateway.Until(() => _messages.Count >= count, $"{count} messages have come");

        public JsonElement Json(string topic) => JsonSerializer.Deserialize<JsonElement>(
            _messages.Single(message => message.Topic == topic).Payload.ToArray());

        public void Dispose() => client.Dispose();

        private static async Task<Listening> OnAsync(RunningGateway gateway, bool is5, string[] filters)
        {
            Listening listening = new(await gateway.ConnectAsync(null, is5));
            listening.Client.ApplicationMessageReceivedAsync += e =>
            {
                listening._messages.Enqueue(e.ApplicationMessage);
                return Task.CompletedTask;
            };
            MqttClientSubscribeOptionsBuilder options = new();
            foreach (string filter in filters)
            {
                options.WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce);
            }

            await listening.Client.SubscribeAsync(options.Build());
            return listening;
        }
    }
}
