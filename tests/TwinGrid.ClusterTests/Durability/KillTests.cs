using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Backup;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Durability;

/// <summary>What kill -9 can and cannot take.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    // How many acknowledgements each life of the process gives before it is killed: different moments of the store's
    // groups, of its lazy snapshots (a checkpoint is due at 256 rows) and of the lives before.
    private static readonly int[] Usual = [37, 301, 998, 3, 1500];

    [Fact]
    public async Task Kills_with_9_under_load_lose_no_acknowledged_reading_and_apply_none_twice()
    {
        using var home = new SiloHome("pump");
        NumberedDevice[] devices = NumberedFleet.Mixed;
        var fleet = new NumberedFleet(devices);
        bool caughtInFlight = false;
        foreach (int life in KillPlan.Lives(Usual, output.WriteLine))
        {
            fleet.Starting();
            await using SiloProcess silo = await SiloProcess.StartAsync(home);
            await fleet.CheckAsync(silo);
            long before = fleet.Acknowledged;
            using var stop = new CancellationTokenSource();
            Task running = fleet.RunAsync(silo, stop.Token);
            await fleet.RecoveredAsync(before);
            await Eventually.HoldsAsync($"{life} acknowledgements", () => fleet.Acknowledged >= before + life);
            await fleet.LookAsync(silo);

            await silo.KillAsync();

            await running;
            caughtInFlight |= devices.Any(static d => d.Attempted > d.Acknowledged);
        }

        await using SiloProcess last = await SiloProcess.StartAsync(home);
        await fleet.CheckAsync(last);
        await fleet.FinishAsync(last);
        await fleet.CheckAsync(last);
        await fleet.CheckHistoryAsync(last);
        (await last.StopAsync()).End.Succeeded();
        fleet.CheckLog(TurnLog.Revisions(home));
        (await VerifyProgram.RunAsync(home)).Succeeded();
        output.WriteLine(fleet.Summary());
        Assert.True(caughtInFlight, "No kill caught a message in flight: this run shows nothing");
        Assert.True(devices.Sum(static d => d.Resent) > 0, "Nothing was sent again: this run shows nothing");
    }

    [Fact]
    public async Task A_command_that_was_accepted_survives_kill_9_and_reaches_its_device()
    {
        using var home = new SiloHome();
        string id;
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await silo.Api.PostTelemetryAsync("valve/v1", """{"open":false}""");
            id = await silo.Api.CommandAsync("valve/v1", "open", """{"angle":30}""", "?expiresIn=10m");
            await silo.KillAsync();
        }

        await using SiloProcess again = await SiloProcess.StartAsync(home);
        await again.Api.WaitForCommandAsync("valve/v1", id, "queued");
        await using MqttDevice device = await MqttDevice.ConnectAsync(again.MqttPort);
        await device.SubscribeAsync("twins/valve/v1/commands/+");
        MqttMessage command = await device.NextOnAsync("commands/open");

        Assert.Equal(id, command.Json.GetProperty("id").GetString());
        Assert.Equal(30, command.Json.GetProperty("args").GetProperty("angle").GetInt32());
        await again.Api.WaitForCommandAsync("valve/v1", id, "delivered");
    }

    [Fact]
    public async Task An_active_alarm_survives_kill_9()
    {
        using var home = new SiloHome("pump");
        await using (SiloProcess silo = await SiloProcess.StartAsync(home))
        {
            await silo.Api.PostTelemetryAsync("pump/p1", """{"temperature":95}""");
            await silo.Api.WaitForTwinAsync(
                "pump/p1", "overheat", static twin => twin.AlarmState("overheat") == "active");
            await silo.KillAsync();
        }

        await using SiloProcess again = await SiloProcess.StartAsync(home);
        JsonElement twin = (await again.Api.TwinAsync("pump/p1"))!.Value;

        Assert.Equal("active", twin.AlarmState("overheat"));
        Assert.Equal(95, twin.Number("temperature"));
    }
}
