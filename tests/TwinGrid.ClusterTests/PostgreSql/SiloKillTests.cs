using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Durability;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>A silo on PostgreSQL that is killed, or that another takes over from.</summary>
public sealed class SiloKillTests(ITestOutputHelper output)
{
    private static readonly int[] Usual = [61, 700, 5, 1_300];

    [Fact]
    public async Task Kills_with_9_under_load_lose_no_acknowledged_reading_and_apply_none_twice()
    {
        var database = new GridDatabase(await PostgreSqlServer.SharedAsync());
        using var home = new SiloHome("pump");
        NumberedDevice[] devices = NumberedFleet.Mixed;
        var fleet = new NumberedFleet(devices);
        foreach (int life in KillPlan.Lives(Usual, output.WriteLine))
        {
            fleet.Starting();
            await using SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings);
            await fleet.CheckAsync(silo);
            long before = fleet.Acknowledged;
            using var stop = new CancellationTokenSource();
            Task running = fleet.RunAsync(silo, stop.Token);
            await fleet.RecoveredAsync(before);
            await Eventually.HoldsAsync($"{life} acknowledgements", () => fleet.Acknowledged >= before + life);
            await fleet.LookAsync(silo);
            await silo.KillAsync();
            await running;
        }

        await using SiloProcess last = await SiloProcess.StartAsync(home, database.Settings);
        await fleet.CheckAsync(last);
        await fleet.FinishAsync(last);
        await fleet.CheckAsync(last);
        await fleet.CheckHistoryAsync(last);
        Assert.True(devices.Sum(static d => d.Resent) > 0, "Nothing was sent again: this run shows nothing");
        (await last.StopAsync()).End.Succeeded();
        fleet.CheckLog(await database.RevisionsAsync());
        output.WriteLine(fleet.Summary());
    }

    [Fact]
    public async Task Definitions_catalogue_and_twins_are_there_after_a_start_without_the_data_directory()
    {
        var database = new GridDatabase(await PostgreSqlServer.SharedAsync());
        using (var home = new SiloHome("pump"))
        {
            await using SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings);
            await silo.Api.PostTelemetryAsync("pump/p1", """{"temperature":21}""");
            (await silo.StopAsync()).End.Succeeded();

            // The note by which an older backup is told: nothing that the next start needs.
            Assert.Equal(["postgresql.last"], Directory.EnumerateFileSystemEntries(home.Data).Select(Path.GetFileName));
        }

        using var other = new SiloHome("pump");
        await using SiloProcess again = await SiloProcess.StartAsync(other, database.Settings);

        Assert.Equal(21, (await again.Api.TwinAsync("pump/p1"))!.Value.Number("temperature"));
        Assert.Equal(1, (await again.Api.GetAsync("/api/v1/twins")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("", "TwinGrid:Storage:ConnectionString is missing")]
    [InlineData("Host=127.0.0.1;Port=1;Username=u;Password=hush", "no PostgreSQL answers there")]
    public async Task A_start_without_a_database_ends_with_one_sentence(string connection, string problem)
    {
        using var home = new SiloHome();
        string[] settings = connection.Length == 0 ? [] : [$"Storage:ConnectionString={connection}"];
        await using SiloProcess silo = SiloProcess.Launch(home, ["Storage:Provider=PostgreSql", .. settings]);

        ProgramEnd end = await silo.Program.EndAsync();

        Assert.NotEqual(0, end.ExitCode);
        Assert.Contains(problem, end.Output + end.Errors, StringComparison.Ordinal);
        Assert.Contains("TwinGrid:Storage:ConnectionString", end.Output + end.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", end.Output + end.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", end.Output + end.Errors, StringComparison.Ordinal);
    }
}
