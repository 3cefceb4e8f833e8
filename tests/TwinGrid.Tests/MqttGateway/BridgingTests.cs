using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using TwinGrid.MqttGateway;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>The bridge at a real mosquitto, with twins that only record what they are told.</summary>
public class BridgingTests
{
    private const string Probe = "twins/probe/x/telemetry/n";

    [Fact]
    public async Task What_a_device_publishes_at_the_broker_reaches_its_twin_once_and_in_order()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(broker);
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishUntilHeardAsync(Probe, "0");
        for (int i = 0; i < 500; i++)
        {
            await device.PublishAsync("twins/pump/p1/telemetry/n", $"{i}");
        }

        await device.PublishAsync("twins/pump/p1/telemetry", """{"n":500}""");
        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Count() >= 501, "all have come");
        Assert.Equal(
            Enumerable.Range(0, 501).Select(i => $"n={i}"), gateway.Twins.Readings("pump/p1"));

        // Behind a broker nobody knows whether a device is there, unless it says so.
        Assert.DoesNotContain(gateway.Twins.All, told => told.Kind == InputKind.Presence);
        await device.PublishUntilHeardAsync("twins/pump/p1/online", "true");
        await RunningGateway.Until(
            () => gateway.Twins.All.Any(told => told.Kind == InputKind.Presence), "the device said so");
    }

    [Fact]
    public async Task Messages_are_acknowledged_in_order_and_at_most_Receive_Maximum_and_one_wait_for_the_store()
    {
        const ushort most = 8;
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(broker, mqtt => mqtt.Bridge.ReceiveMaximum = most);
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishUntilHeardAsync(Probe, "0");
        TaskCompletionSource<IngestResult>[] commits = [.. Enumerable.Range(0, 200).Select(_ => New())];
        gateway.Twins.Answer = twin =>
            twin.Kind == "pump" ? commits[int.Parse(twin.Key[1..], null)].Task : Task.FromResult(new IngestResult());
        for (int i = 0; i < commits.Length; i++)
        {
            await device.PublishAsync($"twins/pump/p{i}/telemetry/n", "1");
        }

        // Of each pair the second is committed first: its acknowledgement waits for that of the first. After each
        // acknowledgement mosquitto 2.0.11 sends Receive Maximum more, so that without a bound of our own all would
        // have come after some 25 of them.
        for (int done = 0; done < commits.Length; done += 2)
        {
            int expected = Math.Min(done + most, commits.Length);
            await RunningGateway.Until(() => Taken() >= expected, $"{expected} have come");
            Assert.InRange(Taken(), 0, done + most + 1);
            commits[done + 1].SetResult(new IngestResult());
            Assert.InRange(Taken(), 0, done + most + 1);
            commits[done].SetResult(new IngestResult());
        }

        await RunningGateway.Until(() => Taken() == commits.Length, "all have come");

        int Taken() => gateway.Twins.All.Count(told => told.Twin.Kind == "pump");
    }

    [Fact]
    public async Task A_message_that_no_twin_took_comes_again_with_those_behind_it_and_one_that_was_kept_never()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using BridgingClient device = await broker.ConnectAsync();
        await using (RunningGateway gateway = await StartAsync(broker))
        {
            await device.PublishUntilHeardAsync(Probe, "0");
            int refused = 0;
            gateway.Twins.Answer = twin => Task.FromResult(
                twin.Key == "away" && Interlocked.Increment(ref refused) <= 2
                    ? new IngestResult(IngestStatus.Unavailable)
                    : new IngestResult());
            await device.PublishAsync("twins/pump/before/telemetry/n", "1");
            await device.PublishAsync("twins/pump/away/telemetry/n", "2");
            await device.PublishAsync("twins/pump/behind/telemetry/n", "3");
            await RunningGateway.Until(() => gateway.Twins.Readings("pump/away").Count() == 3, "it came three times");
            await RunningGateway.Until(
                () => gateway.Twins.All[^1].Twin.Key == "behind", "what stood behind it came after it");
            Assert.Single(gateway.Twins.Readings("pump/before"));

            // What nobody can use is acknowledged, too, once it is in the dead letters.
            await device.PublishAsync("twins/pump/wrong/telemetry", "{");
            await RunningGateway.Until(() => gateway.Store.Letters.Count == 1, "the dead letter");
            Assert.Equal("twins/pump/wrong/telemetry", gateway.Store.Letters[0].Topic);
        }

        await device.PublishAsync("twins/pump/later/telemetry/n", "4");
        await using RunningGateway again = await StartAsync(broker);
        await RunningGateway.Until(() => again.Twins.Readings("pump/later").Any(), "what was published meanwhile");
        Assert.All(again.Twins.All, told => Assert.Equal("later", told.Twin.Key));
        Assert.Empty(again.Store.Letters);
    }

    [Fact]
    public async Task Messages_of_QoS_0_are_dropped_and_counted_while_too_much_waits_for_the_store()
    {
        long shed = 0;
        using MeterListener meter = new();
        meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "twingrid.mqtt.bridge.shed")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meter.SetMeasurementEventCallback<long>((_, by, _, _) => Interlocked.Add(ref shed, by));
        meter.Start();
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(
            broker, more: services => services.Configure<LimitOptions>(limits => limits.IngestBytes = 1_048_576));
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishUntilHeardAsync(Probe, "0");
        TaskCompletionSource<IngestResult> store = New();
        gateway.Twins.Answer = _ => store.Task;
        string large = $$"""{"n":1{{new string(' ', 100_000)}}}""";
        for (int i = 0; i < 6; i++)
        {
            await device.PublishAsync("twins/pump/p1/telemetry", large);
        }

        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Count() == 6, "half of the budget waits");
        await device.PublishAsync("twins/pump/loose/telemetry/n", "1", qos: 0);
        await RunningGateway.Until(() => Interlocked.Read(ref shed) == 1, "it is dropped");
        Assert.Empty(gateway.Twins.Readings("pump/loose"));
        store.SetResult(new IngestResult());
    }

    [Fact]
    public async Task What_the_grid_tells_is_published_at_the_broker_and_does_not_come_back()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(broker);
        await using BridgingClient device = await broker.ConnectAsync("twins/pump/p1/#");
        await BridgedAsync(gateway);
        gateway.Effects.Publish([Alarm("hot", AlarmState.Active), Alarm("old", AlarmState.Active), Command("c1")]);
        await RunningGateway.Until(() => device.Received.Count == 3, "three messages");
        MqttApplicationMessage command = device.Received[2];
        Assert.Equal("twins/pump/p1/commands/derate", command.Topic);
        Assert.False(command.Retain);
        Assert.Equal("twins/pump/p1/results/c1", command.ResponseTopic);
        Assert.Equal("c1", Encoding.UTF8.GetString(command.CorrelationData));
        Assert.InRange(command.MessageExpiryInterval, 1U, 60U);
        Assert.StartsWith("""{"id":"c1","args":{},""", command.ConvertPayloadToString(), StringComparison.Ordinal);

        await using (BridgingClient late = await broker.ConnectAsync("twins/+/+/alarms/+"))
        {
            await RunningGateway.Until(() => late.Received.Count == 2, "what is retained");
            Assert.All(late.Received, message => Assert.True(message.Retain));
        }

        gateway.Effects.Publish([new TwinEffect { Twin = P1, Kind = EffectKind.Deleted }]);
        await RunningGateway.Until(() => device.Received.Count == 5, "what was retained is cleared");
        Assert.All(device.Received.Skip(3), message => Assert.Equal(0, message.Payload.Length));
        Assert.Empty(gateway.Store.Letters);
        Assert.Empty(gateway.Twins.All);
    }

    [Fact]
    public async Task A_command_is_handed_to_the_broker_once_and_again_only_where_nobody_had_it()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(broker);
        await BridgedAsync(gateway);
        TwinEffect nobody = Command("c1");
        gateway.Effects.Publish([nobody, nobody with { IsRepeated = true }]);
        await RecallsAsync(gateway, "c1", isWithdrawn: true);

        await using BridgingClient device = await broker.ConnectAsync("twins/pump/p1/commands/+");
        gateway.Effects.Publish([nobody with { IsRepeated = true }]);
        await RunningGateway.Until(() => device.Received.Count == 1, "it is handed over when there is a subscriber");
        gateway.Effects.Publish([nobody with { IsRepeated = true }, Command("c2")]);
        await RunningGateway.Until(() => device.Received.Count == 2, "the next one came, and the first not again");
        Assert.StartsWith(
            """{"id":"c2",""", device.Received[1].ConvertPayloadToString(), StringComparison.Ordinal);
        await RecallsAsync(gateway, "c1", isWithdrawn: false);

        // The broker's acknowledgement says nothing of the device: no twin is told that its command was delivered.
        Assert.Empty(gateway.Twins.All);
    }

    [Fact]
    public async Task After_the_broker_was_away_the_bridge_goes_on_and_tells_it_what_stands()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await StartAsync(broker);
        await using (BridgingClient device = await broker.ConnectAsync())
        {
            await device.PublishUntilHeardAsync(Probe, "0");
        }

        await BridgedAsync(gateway);
        TwinSummary hot = new("pump/p1", "pump", 1, null, null, ActiveAlarms: 1);
        gateway.Grains.Page = new TwinPage([hot, hot with { Id = "pump/calm", ActiveAlarms = 0 }], null);
        gateway.Grains.OnCall = (what, recipient) =>
        {
            Assert.StartsWith("RepublishAsync", what, StringComparison.Ordinal);
            gateway.Effects.Publish([Alarm("hot", AlarmState.Active) with { Recipient = recipient }]);
        };
        await broker.StopAsync();
        await RunningGateway.Until(() => !gateway.Effects.Wants(P1, EffectKind.State, ""), "it saw the broker go");
        gateway.Effects.Publish([Command("c1")]);

        await broker.StartAsync();
        await using BridgingClient after = await broker.ConnectAsync("twins/pump/p1/#");
        await RunningGateway.Until(() => after.Topics.Contains("twins/pump/p1/alarms/hot"), "the alarm stands there");
        Assert.DoesNotContain(gateway.Grains.Calls, call => call.Contains("calm", StringComparison.Ordinal));
        gateway.Effects.Publish([Command("c1") with { IsRepeated = true }]);
        await RunningGateway.Until(() => after.Topics.Contains("twins/pump/p1/commands/derate"), "the command comes");
        await after.PublishUntilHeardAsync("twins/pump/p1/telemetry/n", "7");
        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Contains("n=7"), "it takes in again");
    }

    private static readonly TwinId P1 = new("pump", "p1");

    private static TaskCompletionSource<IngestResult> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Task<RunningGateway> StartAsync(
        BridgingBroker broker, Action<MqttOptions>? set = null, Action<IServiceCollection>? more = null) =>
        RunningGateway.BridgeAsync(broker.Server, set, more);

    private static Task BridgedAsync(RunningGateway gateway) => RunningGateway.Until(
        () => gateway.Effects.Wants(P1, EffectKind.State, ""), "the bridge is there");

    private static async Task RecallsAsync(RunningGateway gateway, string id, bool isWithdrawn)
    {
        TwinEffect recall = Command(id) with { Kind = EffectKind.Recall };
        bool? last = null;
        for (int tries = 0; tries < 500 && last != isWithdrawn; tries++)
        {
            last = await gateway.Effects.TryRecallAsync(recall);
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        Assert.Equal(isWithdrawn, last);
    }

    private static TwinEffect Alarm(string name, AlarmState state) => new()
    {
        Twin = P1,
        Kind = EffectKind.Alarm,
        Name = name,
        Alarm = new AlarmSnapshot { Name = name, State = state, Why = "91 is above 85" },
    };

    private static TwinEffect Command(string id) => new()
    {
        Twin = P1,
        Kind = EffectKind.Command,
        Name = "derate",
        Command = new CommandMessage(
            id, "derate", RawJson.EmptyObject, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(60)),
    };
}
