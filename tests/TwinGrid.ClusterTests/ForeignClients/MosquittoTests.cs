using MQTTnet;
using MQTTnet.Formatter;
using System.Text.Json;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.ForeignClients;

/// <summary>
/// Debian's mosquitto_pub and mosquitto_sub, which know nothing of the grid and send an empty client id.
/// </summary>
public sealed class MosquittoTests
{
    private readonly SharedGrid _grid;

    public MosquittoTests(SharedGrid grid)
    {
        Installed.Require("mosquitto_pub");
        Installed.Require("mosquitto_sub");
        _grid = grid;
    }

    [Theory]
    [InlineData("mqttv311", 0)]
    [InlineData("mqttv311", 1)]
    [InlineData("5", 0)]
    [InlineData("5", 1)]
    public async Task A_value_published_by_mosquitto_pub_is_the_live_value(string version, int qos)
    {
        string key = $"{version}-{qos}";
        string[] how = ["-V", version, "-q", $"{qos}", "-t"];
        (await PublishAsync([.. how, $"twins/boat/{key}/telemetry/speed", "-m", "7.25"])).Succeeded();
        (await PublishAsync([.. how, $"twins/boat/{key}/telemetry", "-m", """{"heel":12}"""])).Succeeded();

        JsonElement twin = await _grid.Api.WaitForTwinAsync(
            $"boat/{key}", "both values", static seen => seen.Number("speed") == 7.25 && seen.Number("heel") == 12);
        Assert.Equal(2, twin.Counter("readings"));
    }

    [Theory]
    [InlineData("mqttv311")]
    [InlineData("5")]
    public async Task The_will_of_a_client_that_dies_says_that_its_twin_is_offline(string version)
    {
        string topic = $"twins/boat/will{version}/online";
        (await PublishAsync("-q", "1", "-t", topic, "-m", "true")).Succeeded();
        await _grid.Api.WaitForTwinAsync($"boat/will{version}", "online", static seen => seen.Online() == true);
        await using RunningProgram client = await SubscribedAsync(
            "-V", version, "-t", "twins/boat/+/state",
            "--will-topic", topic, "--will-payload", "false", "--will-qos", "1");

        await client.KillAsync();

        await _grid.Api.WaitForTwinAsync($"boat/will{version}", "offline", static seen => seen.Online() == false);
    }

    [Fact]
    public async Task A_twin_goes_offline_with_the_session_that_fed_it()
    {
        await using (var device = await Devices.MqttDevice.ConnectAsync(_grid.MqttPort))
        {
            await device.PublishAsync("twins/boat/session/telemetry/speed", "3");
            await _grid.Api.WaitForTwinAsync("boat/session", "online", static seen => seen.Online() == true);
        }

        await _grid.Api.WaitForTwinAsync("boat/session", "offline", static seen => seen.Online() == false);
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task A_twin_is_online_as_soon_as_the_session_that_fed_it_goes_on(MqttProtocolVersion version)
    {
        string key = $"kept-{version}";
        await using (Devices.MqttDevice device = await KeptAsync(key, version))
        {
            await device.PublishAsync($"twins/boat/{key}/telemetry/speed", "3");
            await using Devices.MqttDevice second = await KeptAsync(key, version);
            await _grid.Api.WaitForTwinAsync(
                $"boat/{key}", "told of both connections", static seen => seen.GetProperty("revision").GetInt64() >= 2);
            Assert.True((await _grid.Api.TwinAsync($"boat/{key}"))?.Online(), "a takeover is no absence");
        }

        await _grid.Api.WaitForTwinAsync($"boat/{key}", "offline", static seen => seen.Online() == false);
        await using Devices.MqttDevice back = await KeptAsync(key, version);
        await _grid.Api.WaitForTwinAsync($"boat/{key}", "online again", static seen => seen.Online() == true);
    }

    private Task<Devices.MqttDevice> KeptAsync(string client, MqttProtocolVersion version) =>
        Devices.MqttDevice.ConnectAsync(_grid.MqttPort, client, version, options =>
        {
            options.WithCleanSession(false);
            if (version == MqttProtocolVersion.V500)
            {
                options.WithSessionExpiryInterval(600);
            }
        });

    [Fact]
    public async Task A_subscriber_sees_state_predictions_alarms_and_commands()
    {
        await using RunningProgram everything = await SubscribedAsync("-t", "twins/#", "-v");
        for (int i = 0; i < 40; i++)
        {
            await PublishAsync("-t", "twins/engine/watched/telemetry/speed", "-q", "1", "-m", $"{1000 + (i % 7)}");
        }

        await PublishAsync("-t", "twins/engine/watched/telemetry/speed", "-q", "1", "-m", "9500");
        string id = await _grid.Api.CommandAsync("engine/watched", "brake");

        foreach (string line in (string[])
            [
                "twins/engine/watched/state {",
                "twins/engine/watched/predictions/strange {",
                "twins/engine/watched/alarms/tooFast {",
                "twins/engine/watched/commands/brake {",
            ])
        {
            await Eventually.HoldsAsync(
                $"{line} in:\n{everything.Output}", () => everything.Output.Contains(line, StringComparison.Ordinal));
        }

        Assert.Contains(id, everything.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("twins/engine/watched/telemetry", everything.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_subscriber_gets_the_retained_alarm_and_no_command()
    {
        await PublishAsync("-t", "twins/engine/retained/telemetry/speed", "-q", "1", "-m", "9999");
        await _grid.Api.WaitForTwinAsync(
            "engine/retained", "tooFast", static seen => seen.AlarmState("tooFast") == "active");
        await _grid.Api.CommandAsync("engine/retained", "brake");

        ProgramEnd first = await RunningProgram.RunAsync(
            "mosquitto_sub",
            [
                .. Address(), "-C", "1", "-F", "%r %t %p",
                "-t", "twins/+/retained/commands/+", "-t", "twins/+/retained/alarms/+",
            ]);

        first.Succeeded();
        Assert.StartsWith("1 twins/engine/retained/alarms/tooFast {", first.Output, StringComparison.Ordinal);
        string payload = first.Output[first.Output.IndexOf('{', StringComparison.Ordinal)..];
        JsonElement alarm = JsonDocument.Parse(payload).RootElement;
        Assert.Equal("active", alarm.GetProperty("state").GetString());
        Assert.Equal("critical", alarm.GetProperty("severity").GetString());
        Assert.False(alarm.GetProperty("acknowledged").GetBoolean());
    }

    [Fact]
    public async Task Desired_properties_reach_a_subscriber_at_once_and_are_retained_for_a_later_one()
    {
        await PublishAsync("-t", "twins/boat/desired/telemetry/speed", "-q", "1", "-m", "5");
        await using RunningProgram device =
            await SubscribedAsync("-t", "twins/boat/desired/properties/desired", "-q", "1", "-F", "%r %t %p");
        const string path = "/api/v1/twins/boat/desired/properties/desired";
        await _grid.Api.SendAsync(HttpMethod.Patch, path, """{"speedLimit":6}""");
        const string first = """0 twins/boat/desired/properties/desired {"revision":1,"desired":{"speedLimit":6}}""";
        await Eventually.HoldsAsync(first, () => device.Output.Contains(first, StringComparison.Ordinal));

        await PublishAsync(
            "-t", "twins/boat/desired/properties/reported", "-q", "1", "-m", """{"speedLimit":6,"$revision":1}""");
        JsonElement twin = await _grid.Api.WaitForTwinAsync(
            "boat/desired", "the answer",
            static seen => seen.GetProperty("properties").TryGetProperty("answeredRevision", out _));
        Assert.Equal(1, twin.GetProperty("properties").GetProperty("answeredRevision").GetInt64());

        await _grid.Api.SendAsync(HttpMethod.Patch, path, """{"speedLimit":7}""");
        foreach (string filter in (string[])["twins/boat/desired/properties/desired", "twins/boat/+/properties/+"])
        {
            ProgramEnd later = await RunningProgram.RunAsync(
                "mosquitto_sub", [.. Address(), "-C", "1", "-F", "%r %t %p", "-t", filter]);
            later.Succeeded();
            Assert.Equal(
                """1 twins/boat/desired/properties/desired {"revision":2,"desired":{"speedLimit":7}}""",
                later.Output.Trim());
        }
    }

    [Fact]
    public async Task Two_hundred_clients_at_once_are_all_heard()
    {
        const int clients = 200;
        await RunningProgram.RunShellAsync(
            $"seq {clients} | xargs -P {clients} -I N mosquitto_pub {string.Join(' ', Address())} -q 1 "
            + "-t twins/crowd/cN/telemetry/n -m N",
            TimeSpan.FromSeconds(60));

        JsonElement page = await Eventually.SeeAsync(
            "all of the crowd",
            () => _grid.Api.GetAsync("/api/v1/twins?kind=crowd&limit=1000"),
            static listed => listed.GetProperty("items").GetArrayLength() == clients);
        string[] ids =
            [.. page.GetProperty("items").EnumerateArray().Select(static i => i.GetProperty("id").GetString()!)];
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        foreach (int client in (int[])[1, 77, 200])
        {
            await _grid.Api.WaitForTwinAsync($"crowd/c{client}", "its value", seen => seen.Number("n") == client);
        }
    }

    [Fact]
    public async Task Two_hundred_connected_devices_are_served_at_the_same_time()
    {
        Devices.MqttDevice[] devices = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => Devices.MqttDevice.ConnectAsync(_grid.MqttPort)));
        try
        {
            await Task.WhenAll(devices.Select(
                static (device, i) => device.PublishAsync($"twins/choir/c{i}/telemetry/n", $"{i}")));
            JsonElement page = await _grid.Api.GetAsync("/api/v1/twins?kind=choir&limit=1000");
            Assert.Equal(200, page.GetProperty("items").GetArrayLength());
        }
        finally
        {
            await Task.WhenAll(devices.Select(static device => device.DisposeAsync().AsTask()));
        }
    }

    private string[] Address() => ["-h", "127.0.0.1", "-p", $"{_grid.MqttPort}"];

    private Task<ProgramEnd> PublishAsync(params string[] arguments) =>
        RunningProgram.RunAsync("mosquitto_pub", [.. Address(), .. arguments]);

    // Line by line (stdbuf), because mosquitto_sub keeps what it says of its subscription until the first message.
    private async Task<RunningProgram> SubscribedAsync(params string[] arguments)
    {
        RunningProgram client = RunningProgram.Start(
            "stdbuf", ["-oL", "mosquitto_sub", "-d", .. Address(), .. arguments], Path.GetTempPath());
        await Eventually.HoldsAsync(
            "the subscription", () => client.Output.Contains("Subscribed (mid", StringComparison.Ordinal));
        return client;
    }
}
