using System.Net;
using TwinGrid.ClusterTests.Overload;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.PostgreSql;

/// <summary>A database whose disk is full: its tables lie on a small tmpfs that the test fills and empties.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task A_full_disk_of_the_database_refuses_writes_answers_reads_and_goes_on_by_itself()
    {
        // Not in a home: the server's own user must reach it. It goes after the server that has its files open.
        string tables = Directory.CreateTempSubdirectory("twingrid-tables-").FullName;
        using SmallDisk disk = await SmallDisk.MountAsync(tables, mebibytes: 64);
        await using PostgreSqlServer server = await PostgreSqlServer.StartOwnAsync();
        using var home = new SiloHome();
        await server.MakeDatabaseAsync("small", disk.Directory);
        string[] settings = [.. new GridDatabase(server, "small").Settings, "Http:Timeout=2s"];
        await using SiloProcess silo = await SiloProcess.StartAsync(home, settings);
        await silo.Api.PostTelemetryAsync("pump/p1", """{"n":1}""");

        disk.Fill();

        // Pages that have room still take rows: these need pages of their own.
        int kept = 1;
        await Eventually.SeeAsync(
            "a refusal",
            () => silo.Api.PostTelemetryAsync("pump/p1", Large(++kept)),
            static answer => answer.Status == HttpStatusCode.ServiceUnavailable);
        await FullDisk.IsToldAsync(silo);

        disk.Empty();
        await FullDisk.IsOverAsync(silo, reading: 1_000_000);
        (await silo.StopAsync()).End.Succeeded();
    }

    // What a database cannot make smaller.
    private static string Large(int number)
    {
        IEnumerable<string> texts = Enumerable.Range(0, 8).Select(i =>
            $"\"t{i}\":\"{string.Concat(Enumerable.Range(0, 100).Select(_ => Guid.NewGuid().ToString("N")))}\"");
        return $$"""{"n":{{number}},{{string.Join(',', texts)}}}""";
    }
}
