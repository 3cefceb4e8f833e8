using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Durability;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>A PostgreSQL that dies, sleeps or throws its clients out, under load.</summary>
public sealed class AwayTests(ITestOutputHelper output)
{
    private static readonly TimeSpan ResumesWithin = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task While_PostgreSQL_is_away_nothing_is_acknowledged_twins_are_readable_and_it_goes_on_by_itself()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        var database = new GridDatabase(server);
        using var home = new SiloHome("pump");
        NumberedDevice[] devices =
        [
            .. Enumerable.Range(1, 6).Select(static i => new NumberedDevice($"meter/m{i}", epoch: 1, window: 16)),
            new NumberedDevice("pump/modelled", epoch: 7, window: 32),
        ];
        var fleet = new NumberedFleet(devices);
        await using SiloProcess silo = await SiloProcess.StartAsync(home, [.. database.Settings, "Http:Timeout=2s"]);
        await silo.Api.PostTelemetryAsync("valve/v1", """{"open":0}""");
        using var stop = new CancellationTokenSource();
        Task running = fleet.RunAsync(silo, stop.Token);

        await GoneAsync("kill -9", fleet, silo, server.KillAsync, server.StartAsync);
        await GoneAsync("immediate stop", fleet, silo, server.StopImmediatelyAsync, server.StartAsync);
        await GoneAsync(
            "SIGSTOP", fleet, silo, () => server.SignalAllAsync("STOP"), () => server.SignalAllAsync("CONT"));
        for (int storm = 0; storm < 5; storm++)
        {
            await database.EndSessionsAsync();
            await MoreAsync(fleet, 50);
        }

        await GoneAsync("kill -9 again", fleet, silo, server.KillAsync, server.StartAsync);
        await stop.CancelAsync();
        await running;

        await fleet.CheckAsync(silo);
        foreach (NumberedDevice device in devices)
        {
            JsonElement twin = (await silo.Api.TwinAsync(device.Twin))!.Value;
            output.WriteLine($"{device.Twin}: {device.Attempted} sent, {device.Resent} again");
            Assert.Equal(device.Attempted, device.Acknowledged);
            Assert.Equal(device.Attempted, NumberedFleet.NumberOf(twin));
            Assert.True(twin.GetProperty("durable").GetBoolean());
        }

        (await silo.StopAsync()).End.Succeeded();
        fleet.CheckLog(await database.RevisionsAsync());
    }

    [Fact]
    public async Task A_silo_stops_in_time_while_PostgreSQL_is_away()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        using var home = new SiloHome();
        await using SiloProcess silo = await SiloProcess.StartAsync(home, new GridDatabase(server).Settings);
        await silo.Api.PostTelemetryAsync("valve/v1", """{"open":1}""");
        await server.KillAsync();
        await using MqttDevice device = await MqttDevice.ConnectAsync(silo.MqttPort);
        Task unanswered = device.TryPublishAsync("twins/valve/v1/telemetry/open", "2");
        await silo.Api.WaitForTwinAsync(
            "valve/v1", "not durable", static twin => !twin.GetProperty("durable").GetBoolean());

        (ProgramEnd end, TimeSpan took) = await silo.StopAsync();

        end.Succeeded();
        Assert.True(took < TimeSpan.FromSeconds(10), $"It took {took.TotalSeconds:0.0} s");
        await Assert.ThrowsAnyAsync<Exception>(() => unanswered);
        await server.StartAsync();
    }

    private async Task GoneAsync(
        string how, NumberedFleet fleet, SiloProcess silo, Func<Task> takeAway, Func<Task> bringBack)
    {
        await MoreAsync(fleet, 300);
        await fleet.LookAsync(silo);
        await takeAway();

        // A twin's turn is folded and waits: its readers are told so, and what they see is not acknowledged.
        var watch = Stopwatch.StartNew();
        await silo.Api.WaitForTwinAsync(
            "pump/modelled", "not durable", static twin => !twin.GetProperty("durable").GetBoolean());
        TimeSpan until = watch.Elapsed;
        long before = fleet.Acknowledged;
        watch.Restart();
        JsonElement read = (await silo.Api.TwinAsync("pump/modelled"))!.Value;
        TimeSpan answer = watch.Elapsed;
        Assert.False(read.GetProperty("durable").GetBoolean());
        ApiAnswer refused = await silo.Api.PostTelemetryAsync("valve/v1", """{"open":1}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Equal(before, fleet.Acknowledged);

        await bringBack();
        watch.Restart();
        await Eventually.HoldsAsync("an acknowledgement", () => fleet.Acknowledged > before);
        output.WriteLine(
            $"{how}: not durable after {until.TotalSeconds:0.0} s, read in {answer.TotalMilliseconds:0} ms, resumed "
            + $"{watch.Elapsed.TotalMilliseconds:0} ms after it was back");
        Assert.True(watch.Elapsed < ResumesWithin, $"{how}: resumed after {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private static Task MoreAsync(NumberedFleet fleet, int acknowledgements)
    {
        long goal = fleet.Acknowledged + acknowledgements;
        return Eventually.HoldsAsync($"{acknowledgements} acknowledgements", () => fleet.Acknowledged >= goal);
    }
}
