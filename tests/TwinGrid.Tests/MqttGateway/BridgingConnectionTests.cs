using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Bridging;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>How the bridge finds a broker, and what it says where it finds none.</summary>
public sealed class BridgingConnectionTests : IDisposable
{
    private const string Probe = "twins/probe/x/telemetry/n";

    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-bridge-").FullName;

    [Fact]
    public async Task A_broker_that_is_absent_at_the_start_is_told_and_served_once_it_is_there()
    {
        await using BridgingBroker broker = BridgingBroker.New();
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server);
        await RunningGateway.Until(
            () => Names(gateway, "Connection refused"),
            "it says that nobody listens");
        Assert.Contains("'twins/+/+/online'", gateway.Bridge.FindTrouble(), StringComparison.Ordinal);

        await broker.StartAsync();
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishUntilHeardAsync("twins/pump/p1/telemetry/n", "7");
        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Contains("n=7"), "it has come");
        await RunningGateway.Until(() => gateway.Bridge.FindTrouble() is null, "all connections serve");

        await broker.StopAsync();
        await RunningGateway.Until(() => gateway.Bridge.FindTrouble() is not null, "it says that the broker is gone");
    }

    [Fact]
    public async Task A_broker_that_wants_a_user_is_served_with_the_right_password_and_the_refusal_names_the_key()
    {
        // user "grid", password "secret", as mosquitto_passwd writes it.
        string users = Path.Combine(_directory, "users");
        await MosquittoPassword.WriteAsync(users, "grid", "secret");
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync(
            "allow_anonymous false", $"password_file {users}");
        await using (RunningGateway wrong = await RunningGateway.BridgeAsync(
            broker.Server.Replace("//", "//grid:wrong@", StringComparison.Ordinal)))
        {
            await RunningGateway.Until(
                () => Names(wrong, "refuses the user 'grid'"),
                "the refusal is told");
            Assert.Contains("TwinGrid:Mqtt:Bridge:Server", wrong.Bridge.FindTrouble(), StringComparison.Ordinal);
            Assert.DoesNotContain("wrong", wrong.Bridge.FindTrouble(), StringComparison.Ordinal);
        }

        await using RunningGateway nobody = await RunningGateway.BridgeAsync(broker.Server);
        await RunningGateway.Until(
            () => Names(nobody, "a client without a user"),
            "the refusal is told");
        await using RunningGateway right = await RunningGateway.BridgeAsync(
            broker.Server.Replace("//", "//grid:secret@", StringComparison.Ordinal));
        await RunningGateway.Until(() => right.Bridge.FindTrouble() is null, "all connections serve");
    }

    [Fact]
    public async Task Over_TLS_both_show_certificates_and_a_broker_of_an_unknown_authority_is_refused()
    {
        BrokerCertificates files = BrokerCertificates.Write(_directory);
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync(
            "allow_anonymous true", $"cafile {files.Authority}", $"certfile {files.Broker}",
            $"keyfile {files.BrokerKey}", "require_certificate true");
        string server = broker.Server.Replace("mqtt:", "mqtts:", StringComparison.Ordinal);
        await using (RunningGateway stranger = await RunningGateway.BridgeAsync(server))
        {
            await RunningGateway.Until(
                () => Names(stranger, "CertificateAuthority"),
                "it says that it does not know who signed");
        }

        await using (RunningGateway nobody = await RunningGateway.BridgeAsync(
            server, mqtt => mqtt.Bridge.CertificateAuthority = files.Authority))
        {
            await RunningGateway.Until(
                () => nobody.Bridge.FindTrouble() is { } trouble
                    && !trouble.Contains("being made", StringComparison.Ordinal),
                "the broker wants a certificate");
        }

        await using RunningGateway gateway = await RunningGateway.BridgeAsync(server, mqtt =>
        {
            mqtt.Bridge.CertificateAuthority = files.Authority;
            mqtt.Bridge.Certificate = files.Client;
            mqtt.Bridge.CertificateKey = files.ClientKey;
        });
        await RunningGateway.Until(() => gateway.Bridge.FindTrouble() is null, "all connections serve");
    }

    [Fact]
    public async Task Two_grids_of_one_name_at_a_broker_are_told_so()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway one = await RunningGateway.BridgeAsync(broker.Server);
        await RunningGateway.Until(() => one.Bridge.FindTrouble() is null, "the first serves");
        await using RunningGateway other = await RunningGateway.BridgeAsync(broker.Server);
        await RunningGateway.Until(() => Names(one, "Mqtt:Bridge:ClientId"), "the first says what is wrong");
    }

    [Fact]
    public async Task A_broker_that_gave_the_session_to_another_client_is_not_asked_again_at_once()
    {
        // DISCONNECT with the reason Session taken over, MQTT 5 section 3.14.2.1.
        await using ScriptedBroker broker = new([0x20, 3, 0, 0, 0]) { SendsAfter = [0xE0, 1, 0x8E] };
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server, OneConnection);
        await RunningGateway.Until(() => Names(gateway, "another client connected"), "it is told");
        Assert.Equal(1, broker.Connections);
        await RunningGateway.Until(() => broker.Connections == 2, "it tries again");
    }

    [Fact]
    public async Task A_broker_of_MQTT_3_is_named_as_one()
    {
        // CONNACK of MQTT 3.1.1 section 3.2.2.3: unacceptable protocol version.
        await using ScriptedBroker broker = new([0x20, 2, 0, 1]);
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server);
        await RunningGateway.Until(
            () => Names(gateway, "does not speak MQTT 5"),
            "it is told");
    }

    [Fact]
    public async Task While_nothing_is_read_the_broker_still_hears_that_the_bridge_is_there()
    {
        // CONNACK with the property Server Keep Alive (0x13) of 2 seconds.
        await using ScriptedBroker broker = new([0x20, 6, 0, 0, 3, 0x13, 0, 2]) { SendsTooMuch = 50 };
        TaskCompletionSource<IngestResult> store = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server, mqtt =>
        {
            OneConnection(mqtt);
            mqtt.Bridge.ReceiveMaximum = 4;
        });
        gateway.Twins.Answer = _ => store.Task;
        await RunningGateway.Until(() => broker.Pings >= 3, "it pings, though no answer is read");
        Assert.Equal(5, gateway.Twins.All.Count);
        Assert.Equal(1, broker.Connections);

        store.SetResult(new IngestResult());
        await RunningGateway.Until(() => broker.Acknowledged.Count == 50, "all are acknowledged");
        Assert.Equal(Enumerable.Range(1, 50), broker.Acknowledged);
        Assert.Equal(1, broker.Connections);
    }

    [Fact]
    public async Task A_broker_that_says_nothing_any_more_is_left()
    {
        await using ScriptedBroker broker = new([0x20, 6, 0, 0, 3, 0x13, 0, 2]) { AnswersPings = false };
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server, OneConnection);
        await RunningGateway.Until(() => broker.Connections >= 2, "it connects again");
    }

    [Fact]
    public async Task A_broker_that_answers_pings_and_acknowledges_nothing_is_left_and_named()
    {
        await using ScriptedBroker broker = new([0x20, 6, 0, 0, 3, 0x13, 0, 2]);
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server, mqtt =>
        {
            OneConnection(mqtt);
            mqtt.Bridge.Publish = BridgedEffects.Alarms;
        });
        TwinId pump = new("pump", "p1");
        await RunningGateway.Until(() => gateway.Effects.Wants(pump, EffectKind.Alarm, "hot"), "it publishes");
        gateway.Effects.Publish([new TwinEffect
        {
            Twin = pump,
            Kind = EffectKind.Alarm,
            Name = "hot",
            Alarm = new AlarmSnapshot
            {
                Name = "hot",
                State = AlarmState.Active,
                Severity = AlarmSeverity.Major,
                Since = DateTimeOffset.UnixEpoch,
                Why = "the bearing",
            },
        }]);
        await RunningGateway.Until(() => Names(gateway, "was not acknowledged"), "it says why");
        Assert.Contains("did not answer in 10 s", gateway.Bridge.FindTrouble(), StringComparison.Ordinal);
        Assert.True(broker.Pings > 2);
        await RunningGateway.Until(() => broker.Connections == 3, "it connects again");
    }

    [Fact]
    public async Task Every_quality_of_service_comes_in_and_of_what_is_retained_only_how_things_stand()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishAsync("twins/pump/p1/telemetry/old", "1", retain: true);
        await device.PublishAsync("twins/pump/p1/online", "true", retain: true);
        await device.PublishAsync("twins/pump/p1/properties/reported", """{"mode":"auto"}""", retain: true);
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server);
        await device.PublishUntilHeardAsync(Probe, "0");
        for (int qos = 0; qos <= 2; qos++)
        {
            await device.PublishAsync("twins/pump/p1/telemetry/n", $"{qos}", qos, retain: true);
        }

        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Count() == 3, "three readings");
        Assert.Equal(["n=0", "n=1", "n=2"], gateway.Twins.Readings("pump/p1"));
        await RunningGateway.Until(() => gateway.Twins.Of("pump/p1").Count() == 5, "what stands");
        Assert.Contains(gateway.Twins.All, told => told.Kind == InputKind.Presence);
        Assert.Contains(gateway.Twins.All, told => told.Text.Contains("auto", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_the_brokers_to_drop_and_those_behind_it_come()
    {
        await using BridgingBroker broker = await BridgingBroker.StartNewAsync();
        await using RunningGateway gateway = await RunningGateway.BridgeAsync(broker.Server);
        await using BridgingClient device = await broker.ConnectAsync();
        await device.PublishUntilHeardAsync(Probe, "0");
        await device.PublishAsync("twins/pump/p1/telemetry", $$"""{"n":1{{new string(' ', 300_000)}}}""");
        await device.PublishAsync("twins/pump/p1/telemetry/n", "2");
        await RunningGateway.Until(() => gateway.Twins.Readings("pump/p1").Any(), "the next one comes");
        Assert.Equal(["n=2"], gateway.Twins.Readings("pump/p1"));
        Assert.Null(gateway.Bridge.FindTrouble());
    }

    private static bool Names(RunningGateway gateway, string what) =>
        gateway.Bridge.FindTrouble()?.Contains(what, StringComparison.Ordinal) == true;

    private static void OneConnection(MqttOptions mqtt)
    {
        mqtt.Bridge.Topics = "twins/+/+/telemetry/#";
        mqtt.Bridge.Publish = BridgedEffects.None;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
