using System.Globalization;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// The same closed loop against one silo, two, three … of one cluster: with devices at all of them, and with all
/// devices at the first. Of n silos (n - 1)/n of the messages are for twins of another one than their device's. Where
/// silos, database and client share the processors of one machine, it shows what a silo more costs, not what it brings.
/// </summary>
internal sealed class ClusterScenario(LoadOptions options)
{
    private static readonly string[] Modes = ["Applied", "Durable"];

    /// <summary>Runs it, prints its table and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        if (options.Storage != "PostgreSql" || options.Target is not null || options.Server.Count > 0)
        {
            throw new ArgumentProblem("cluster starts silos of its own on one PostgreSQL: no --target, no --server");
        }

        List<ScaleFigures> rows = [];
        foreach (string mode in Modes)
        {
            for (int silos = 1; silos <= options.Silos; silos++)
            {
                rows.AddRange(await RunAsync(options with { Acknowledge = mode }, silos));
            }
        }

        Print(rows);
        return [new { rows }];
    }

    private static async Task<ScaleFigures[]> RunAsync(LoadOptions options, int silos)
    {
        List<ServerProcess> running = [];
        try
        {
            while (running.Count < silos)
            {
                running.Add(await KnownServers.StartSiloAsync(options, running.Count + 1));
            }

            LoadTarget first = LoadTarget.Of(running[0]) with { Others = running[1..] };
            LoadTarget all = first with { Entrances = [.. running.Select(static silo => silo.Address.Mqtt)] };
            return silos == 1
                ? [await MeasureAsync(options, all, silos, 0)]
                :
                [
                    await MeasureAsync(options, all, silos, (silos - 1.0) / silos),
                    await MeasureAsync(options, first, silos, (silos - 1.0) / silos),
                ];
        }
        finally
        {
            foreach (ServerProcess silo in running)
            {
                await silo.DisposeAsync();
            }
        }
    }

    private static async Task<ScaleFigures> MeasureAsync(
        LoadOptions options, LoadTarget target, int silos, double remote)
    {
        List<LoadFigures> runs = [];
        while (runs.Count < options.Runs)
        {
            runs.Add(await new LoadRun(LoadScenario.Closed, options, target).RunAsync());
        }

        return new ScaleFigures(options.Acknowledge, silos, target.Entrances.Count, remote, Medians.Of(runs), runs);
    }

    private static void Print(List<ScaleFigures> rows)
    {
        Console.WriteLine(
            $"{"",-10}{"silos",6}{"entered",9}{"remote",8}{"messages/s",12}{"p50 ms",10}{"p99 ms",10}{"silos us",10}"
            + $"{"peak MiB",10}{"lost",6}");
        foreach (ScaleFigures row in rows)
        {
            LoadFigures median = row.Median;
            Console.WriteLine(
                $"{row.Acknowledge,-10}{row.Silos,6}{row.Entered,9}{row.Remote,8:0%}{median.MessagesPerSecond,12:0}"
                + $"{median.LatencyMs?.P50,10:0.00}{median.LatencyMs?.P99,10:0.00}"
                + $"{median.GridCpuMicrosPerMessage,10:0.00}{median.PeakRssMiB,10:0}"
                + $"{median.Lost?.ToString(CultureInfo.InvariantCulture) ?? "-",6}");
        }
    }
}
