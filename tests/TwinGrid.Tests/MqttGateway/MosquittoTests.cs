using System.Diagnostics;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>Debian's mosquitto clients as foreign clients.</summary>
public class MosquittoTests
{
    private const string Publish = "mosquitto_pub";
    private const string Subscribe = "mosquitto_sub";

    public static TheoryData<string, int> Versions() => new()
    {
        { "mqttv311", 0 },
        { "mqttv311", 1 },
        { "5", 0 },
        { "5", 1 },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Mosquitto_pub_feeds_a_twin_without_naming_itself(string version, int qos)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int code, string output) = await RunAsync(gateway, Publish,
            $"-V {version} -q {qos} -t twins/demo/one/telemetry/temperature -m 21.5");
        Assert.True(code == 0, output);
        await RunningGateway.Until(() => gateway.Twins.Readings("demo/one").Any(), "the reading has come");
        Assert.Equal(["temperature=21.5"], gateway.Twins.Readings("demo/one"));
    }

    [Theory]
    [InlineData("mqttv311")]
    [InlineData("5")]
    public async Task Mosquitto_sub_sees_what_the_grid_publishes(string version)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Task<(int Code, string Output)> watching =
            RunAsync(gateway, Subscribe, $"-V {version} -q 1 -v -C 2 -t twins/#");
        TwinId twin = new("demo", "one");
        await RunningGateway.Until(() => gateway.Effects.Wants(twin, EffectKind.State, ""), "mosquitto_sub subscribed");
        TwinEffect alarm = new()
        {
            Twin = twin,
            Kind = EffectKind.Alarm,
            Name = "hot",
            Alarm = new AlarmSnapshot { Name = "hot", State = AlarmState.Active, Why = "91 is above 85" },
        };
        TwinEffect command = new()
        {
            Twin = twin,
            Kind = EffectKind.Command,
            Name = "derate",
            Command = new CommandMessage(
                "0198", "derate", RawJson.EmptyObject, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(60)),
        };
        gateway.Effects.Publish([alarm, command]);
        (int code, string output) = await watching;
        Assert.True(code == 0, output);
        Assert.Contains("twins/demo/one/alarms/hot {\"name\":\"hot\",", output, StringComparison.Ordinal);
        Assert.Contains("""twins/demo/one/commands/derate {"id":"0198","args":{},""", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mqttv311")]
    [InlineData("5")]
    public async Task A_literal_mosquitto_sub_is_the_device_of_its_commands(string version)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Task<(int Code, string Output)> device =
            RunAsync(gateway, Subscribe, $"-V {version} -q 1 -C 1 -t twins/demo/one/commands/+");
        TwinId twin = new("demo", "one");
        await RunningGateway.Until(
            () => gateway.Effects.Wants(twin, EffectKind.Command, "derate"), "mosquitto_sub subscribed");
        gateway.Effects.Publish(
        [
            new TwinEffect
            {
                Twin = twin,
                Kind = EffectKind.Command,
                Name = "derate",
                Command = new CommandMessage(
                    "0198", "derate", RawJson.EmptyObject, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(60)),
            },
        ]);
        Assert.Equal(0, (await device).Code);
        await RunningGateway.Until(() => gateway.Twins.All.Count > 0, "the command was delivered");
        Assert.Equal(["""CommandDelivered {"id":"0198"}"""], gateway.Twins.Of("demo/one"));
    }

    [Fact]
    public async Task A_mosquitto_client_that_is_killed_leaves_its_will()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using Process device = Start(gateway, Subscribe,
            "-t twins/demo/one/commands/+ --will-topic twins/demo/one/online --will-payload false --will-qos 1");
        await RunningGateway.Until(
            () => gateway.Effects.Wants(new TwinId("demo", "one"), EffectKind.Command, "x"),
            "mosquitto_sub subscribed");
        device.Kill();
        await device.WaitForExitAsync();
        await RunningGateway.Until(() => gateway.Twins.Of("demo/one").Any(), "the will has come");
        Assert.Equal(["""Presence {"online":false,"session":""}"""], gateway.Twins.Of("demo/one"));
    }

    [Fact]
    public async Task A_refused_topic_says_so_to_an_MQTT_5_publisher_and_exits_cleanly()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int code, string output) = await RunAsync(gateway, Publish, "-V 5 -q 1 -t home/kitchen -m 21.5");
        Assert.Equal(0, code);
        Assert.Contains("Publish 1 failed: Topic Name invalid.", output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("unknown-topic", Assert.Single(gateway.Store.Letters).Reason);
    }

    private static async Task<(int Code, string Output)> RunAsync(RunningGateway gateway, string tool, string arguments)
    {
        using Process process = Start(gateway, tool, arguments);
        using CancellationTokenSource patience = new(RunningGateway.Patience);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    private static Process Start(RunningGateway gateway, string tool, string arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(tool, $"-h 127.0.0.1 -p {gateway.Port} {arguments}")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{tool} is not installed (Debian: mosquitto-clients)");
            throw;
        }
    }
}
