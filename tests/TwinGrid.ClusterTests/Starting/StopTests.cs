using System.Text.Json;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Starting;

public sealed class StopTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task The_grid_drains_and_stops_with_exit_code_0_within_10_seconds_of_SIG(string signal)
    {
        using var home = new SiloHome();
        await using SiloProcess silo = await SiloProcess.StartAsync(home);
        SkipWhereIgnored(silo, signal);
        await using MqttDevice device = await MqttDevice.ConnectAsync(silo.MqttPort);
        await device.PublishAsync("twins/tank/one/telemetry/level", "3");

        (ProgramEnd end, TimeSpan took) = await silo.StopAsync(signal);

        Assert.True(end.ExitCode == 0, $"exit code {end.ExitCode}\n{end.Output}\n{end.Errors}");
        Assert.True(took < Promised, $"It took {took.TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task What_was_acknowledged_before_an_ordered_stop_is_there_after_the_next_start()
    {
        using var home = new SiloHome();
        long revision;
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await using MqttDevice device = await MqttDevice.ConnectAsync(silo.MqttPort);
            await device.PublishAsync("twins/tank/one/telemetry", """{"level":3,"open":true,"name":"north"}""");
            await device.PublishAsync("twins/tank/one/properties/reported", """{"firmware":"1.2"}""");
            JsonElement before = await silo.Api.WaitForTwinAsync(
                "tank/one", "the reported firmware", static twin => Reported(twin).TryGetProperty("firmware", out _));
            revision = before.GetProperty("revision").GetInt64();
            (await silo.StopAsync()).End.Succeeded();
        }

        await using SiloProcess again = await SiloProcess.StartAsync(home);
        JsonElement twin = (await again.Api.TwinAsync("tank/one"))!.Value;

        Assert.Equal(3, twin.Number("level"));
        Assert.True(twin.Telemetry("open")!.Value.GetProperty("value").GetBoolean());
        Assert.Equal("north", twin.Telemetry("name")!.Value.GetProperty("value").GetString());
        Assert.Equal("1.2", Reported(twin).GetProperty("firmware").GetString());
        Assert.True(twin.GetProperty("revision").GetInt64() >= revision);
        JsonElement listed = await again.Api.GetAsync("/api/v1/twins?kind=tank");
        JsonElement item = Assert.Single(listed.GetProperty("items").EnumerateArray());
        Assert.Equal("tank/one", item.GetProperty("id").GetString());
    }

    private static JsonElement Reported(JsonElement twin) => twin.GetProperty("properties").GetProperty("reported");

    // A shell starts background jobs with SIGINT ignored, and children inherit that: then Ctrl-C cannot be tried.
    private static void SkipWhereIgnored(SiloProcess silo, string signal)
    {
        const int interrupt = 2;
        string status = File.ReadAllText($"/proc/{silo.Program.Id}/status");
        string mask = status.Split('\n').First(static l => l.StartsWith("SigIgn:", StringComparison.Ordinal));
        ulong ignored = Convert.ToUInt64(mask["SigIgn:".Length..].Trim(), 16);
        if (signal == "INT" && (ignored & (1UL << (interrupt - 1))) != 0)
        {
            Assert.Skip("The tests were started with SIGINT ignored");
        }
    }
}
