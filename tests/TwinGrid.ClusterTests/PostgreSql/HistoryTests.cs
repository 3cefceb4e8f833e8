using System.Text.Json;
using TwinGrid.ClusterTests.Backup;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>What was, asked of a silo on PostgreSQL.</summary>
public sealed class HistoryTests
{
    private const string Meter = "meter/m1";

    [Fact]
    public async Task History_and_as_of_answer_from_sealed_parts_also_after_a_restart()
    {
        var database = new GridDatabase(await PostgreSqlServer.SharedAsync());
        using var home = new SiloHome();
        var device = new NumberedDevice(Meter, epoch: 1, window: 1);
        List<JsonElement> seen = [];
        await using (SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings))
        {
            await SendAsync(silo, device, 40);
            seen.Add((await silo.Api.TwinAsync(Meter))!.Value);
            await SendAsync(silo, device, 1_200);
            seen.Add((await silo.Api.TwinAsync(Meter))!.Value);
            await SealedAsync(database);
            await SendAsync(silo, device, 30);
            seen.Add((await silo.Api.TwinAsync(Meter))!.Value);
            await CheckAsync(silo, device, seen);
            (await silo.StopAsync()).End.Succeeded();
        }

        // What a minute later is done anyway: from now on the sealed parts are all that there is of it.
        await database.ReadAsync("DELETE FROM turn USING twin w WHERE w.twin_id = turn.twin_id "
            + "AND revision < erased_before");
        await using SiloProcess again = await SiloProcess.StartAsync(home, database.Settings);
        await CheckAsync(again, device, seen);
        await SendAsync(again, device, 20);
        await CheckAsync(again, device, seen);
        IReadOnlyList<long> log = (await database.RevisionsAsync())[Meter];
        Assert.Equal(Enumerable.Range(1, log.Count).Select(static i => (long)i), log);
    }

    [Fact]
    public async Task Sealed_turns_are_folded_again_and_a_byte_of_them_that_is_another_is_named_with_exit_code_1()
    {
        var database = new GridDatabase(await PostgreSqlServer.SharedAsync());
        using var home = new SiloHome();
        await using (SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings))
        {
            await SendAsync(silo, new NumberedDevice(Meter, epoch: 1, window: 1), 1_200);
            await SealedAsync(database);
            ProgramEnd intact = (await VerifyProgram.RefoldAsync(home, null, database.Settings)).Succeeded();
            Assert.Contains(", 1 segments, ", intact.Output, StringComparison.Ordinal);
            Assert.EndsWith(": all equal\n", intact.Output, StringComparison.Ordinal);
            await silo.KillAsync();
        }

        await database.ReadAsync("UPDATE history_turns SET turns = set_byte(turns, 40, get_byte(turns, 40) # 1)");

        ProgramEnd end = await VerifyProgram.RunAsync(home, database.Settings);

        Assert.Equal(1, end.ExitCode);
        Assert.Contains(
            $"damaged: {Meter} revision 1: the segment of turns up to revision ",
            end.Output,
            StringComparison.Ordinal);
        Assert.EndsWith(": 1 damage\n", end.Output, StringComparison.Ordinal);
    }

    private static Task SealedAsync(GridDatabase database) => Eventually.SeeAsync(
        "1,024 sealed turns",
        () => database.ReadAsync("SELECT max(last_revision) FROM history_turns"),
        static last => last is >= 1_024L);

    private static async Task SendAsync(SiloProcess silo, NumberedDevice device, int more)
    {
        long goal = device.Acknowledged + more;
        using var stop = new CancellationTokenSource();
        Task running = device.RunAsync(silo.MqttPort, stop.Token);
        await Eventually.HoldsAsync($"{more} acknowledgements", () => device.Acknowledged >= goal);
        await stop.CancelAsync();
        await running;
    }

    // Every reading that was acknowledged, once and in order; and the twin as it was seen.
    private static async Task CheckAsync(SiloProcess silo, NumberedDevice device, List<JsonElement> seen)
    {
        JsonElement page = await silo.Api.GetAsync(
            $"/api/v1/twins/{Meter}/history?telemetry={NumberedDevice.Telemetry}&limit=100000");
        Assert.True(page.GetProperty("complete").GetBoolean());
        Assert.Equal(
            Enumerable.Range(1, device.Acknowledged).Select(static i => (double)i),
            page.GetProperty("telemetry").GetProperty(NumberedDevice.Telemetry).EnumerateArray()
                .Select(static reading => reading[1].GetDouble()));
        foreach (JsonElement then in seen)
        {
            long revision = then.GetProperty("revision").GetInt64();
            JsonElement past = await silo.Api.GetAsync($"/api/v1/twins/{Meter}?asOf={revision}");
            foreach (string part in (string[])["revision", "telemetry", "sources", "counters"])
            {
                Assert.Equal(then.GetProperty(part).GetRawText(), past.GetProperty(part).GetRawText());
            }
        }
    }
}
