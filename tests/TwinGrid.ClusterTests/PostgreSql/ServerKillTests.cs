using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Durability;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>A PostgreSQL that is killed and restarted under load while the silo lives.</summary>
public sealed class ServerKillTests(ITestOutputHelper output)
{
    private static readonly int[] Usual = [150, 900];

    [Fact]
    public async Task Kills_of_PostgreSQL_lose_no_acknowledged_reading_and_apply_none_twice()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        var database = new GridDatabase(server);
        using var home = new SiloHome("pump");
        NumberedDevice[] devices = NumberedFleet.Mixed;
        var fleet = new NumberedFleet(devices);
        await using (SiloProcess silo = await SiloProcess.StartAsync(home, database.Settings))
        {
            using var stop = new CancellationTokenSource();
            Task running = fleet.RunAsync(silo, stop.Token);
            bool kills = true;
            foreach (int life in KillPlan.Lives(Usual, output.WriteLine))
            {
                long before = fleet.Acknowledged;
                await Eventually.HoldsAsync($"{life} acknowledgements", () => fleet.Acknowledged >= before + life);
                await fleet.LookAsync(silo);

                // Every other time the whole server is killed with 9, else stopped as a crash stops it.
                await (kills ? server.KillAsync() : server.StopImmediatelyAsync());
                kills = !kills;
                before = fleet.Acknowledged;
                await server.StartAsync();
                fleet.Starting();
                await fleet.RecoveredAsync(before);
            }

            await stop.CancelAsync();
            await running;
            await fleet.CheckAsync(silo);
            await fleet.FinishAsync(silo);
            await fleet.CheckAsync(silo);
            await fleet.CheckHistoryAsync(silo);
            (await silo.StopAsync()).End.Succeeded();
        }

        // And as it lies there: a silo that knows nothing but the database.
        await using SiloProcess last = await SiloProcess.StartAsync(home, database.Settings);
        await fleet.CheckAsync(last);
        await fleet.CheckHistoryAsync(last);
        (await last.StopAsync()).End.Succeeded();
        fleet.CheckLog(await database.RevisionsAsync());
        output.WriteLine(fleet.Summary());
    }
}
