using System.Globalization;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Clocks;

/// <summary>A server whose wall clock is set a day off while it runs.</summary>
public sealed class ServerClockTests
{
    [Theory]
    [InlineData("+1d")]
    [InlineData("-1d")]
    public async Task A_server_clock_that_jumps_by_a_day_changes_no_order_and_ends_nothing_early(string jump)
    {
        using FakedClock clock = new();
        using SiloHome home = new("pump");
        await using SiloProcess silo = await SiloProcess.StartAsync(home, ["env", .. clock.Environment], []);
        await using MqttDevice device = await MqttDevice.ConnectAsync(silo.MqttPort);
        await device.SubscribeAsync("twins/pump/clock/commands/+");
        await SendAsync(device, 1, 20);
        string command = await silo.Api.CommandAsync("pump/clock", "wait", query: "?expiresIn=10m");

        clock.Set(jump);

        // Values with the device's time and without any become live in their order, and a policy acts on them.
        await SendAsync(device, 2, 30);
        await device.PublishAsync("twins/pump/clock/telemetry/vibration", "1");
        await SendAsync(device, 3, 90);
        await device.PublishAsync("twins/pump/clock/telemetry/vibration", "2");
        await device.NextOnAsync("commands/derate");
        JsonElement twin = await silo.Api.WaitForTwinAsync(
            "pump/clock", "overheat", static t => t.AlarmState("overheat") == "active");
        Assert.Equal((90.0, 2.0), (twin.Number("temperature"), twin.Number("vibration")));
        Assert.Equal((0L, 0L), (twin.Counter("late"), twin.Counter("historical")));

        // Verification is due after a second, so timers run; the command of ten minutes still stands.
        JsonElement waiting = await silo.Api.GetAsync($"/api/v1/twins/pump/clock/commands/{command}");
        Assert.Contains(waiting.GetProperty("status").GetString(), new[] { "queued", "delivered" });
        string brief = await silo.Api.CommandAsync("pump/clock", "brief", query: "?expiresIn=1s");
        await silo.Api.WaitForCommandAsync("pump/clock", brief, "delivered");
        await silo.Api.PostTelemetryAsync("pump/nobody", """{"temperature":20}""");
        string lost = await silo.Api.CommandAsync("pump/nobody", "brief", query: "?expiresIn=1s");
        await silo.Api.WaitForCommandAsync("pump/nobody", lost, "expired");
    }

    private static Task SendAsync(MqttDevice device, int number, double temperature) => device.PublishAsync(
        "twins/pump/clock/telemetry",
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"source":"d","epoch":1,"seq":{{number}},"ts":{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}},
             "values":{ "temperature":{{temperature}} } }
            """));
}
