using System.Globalization;
using System.Net.Sockets;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// The same closed loop against several servers in turns, so that what else the machine does hits all of them: a
/// figure of its own says little, the ratio in one run says more.
/// </summary>
internal sealed class CompareScenario(LoadOptions options)
{
    /// <summary>Runs it, prints its tables and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        List<LoadTarget> targets = [];
        try
        {
            await StartAsync(targets);
            Dictionary<(LoadCell, LoadTarget), CellRuns> runs = [];
            for (int run = 1; run <= options.Runs; run++)
            {
                foreach (LoadCell cell in options.Cells)
                {
                    foreach (LoadTarget target in targets)
                    {
                        CellRuns its = runs.GetValueOrDefault((cell, target)) ?? new CellRuns();
                        runs[(cell, target)] = its;
                        await MeasureAsync(cell, target, its);
                    }
                }
            }

            CellFigures[] cells = [.. options.Cells.Select(cell => Figures(cell, targets, runs))];
            Array.ForEach(cells, Print);
            return [new { cells }];
        }
        finally
        {
            foreach (LoadTarget target in targets)
            {
                await target.DisposeAsync();
            }
        }
    }

    private async Task StartAsync(List<LoadTarget> targets)
    {
        foreach (string name in options.Server is [] ? KnownServers.Names : options.Server)
        {
            if (!KnownServers.IsInstalled(name))
            {
                Console.WriteLine($"{name} is not installed: left out");
                continue;
            }

            string[] modes = name == KnownServers.Grid ? ["Applied", "Durable"] : [""];
            foreach (string mode in modes)
            {
                targets.Add(LoadTarget.Of(await KnownServers.StartAsync(name, options with
                {
                    Acknowledge = mode,
                    DataDirectory = options.DataDirectory is { } data ? Path.Combine(data, mode) : null,
                })));
            }
        }
    }

    private async Task MeasureAsync(LoadCell cell, LoadTarget target, CellRuns runs)
    {
        LoadOptions load = options with
        {
            Connections = cell.Connections,
            Window = cell.Window,
            Devices = Math.Max(options.Devices, cell.Connections),
        };
        try
        {
            runs.Figures.Add(await new LoadRun(LoadScenario.Closed, load, target).RunAsync());
        }
        catch (Exception refused) when (refused is NoResult or IOException or SocketException or InvalidDataException)
        {
            // The other servers' figures stand; the table says that this one has none.
            runs.Refused = refused.Message;
            Console.Error.WriteLine($"{target.Name}, {cell.Connections} x {cell.Window}: {refused.Message}");
        }
    }

    private static CellFigures Figures(
        LoadCell cell, List<LoadTarget> targets, Dictionary<(LoadCell, LoadTarget), CellRuns> runs)
    {
        ServerFigures[] servers = [.. targets.Select(target => Figures(target, runs[(cell, target)]))];
        int mqttnet = targets.FindIndex(static target => target.Process!.Kind == KnownServers.Mqttnet);
        double? rate = mqttnet < 0 ? null : servers[mqttnet].Median?.MessagesPerSecond;
        return new CellFigures(cell.Connections, cell.Window, [.. servers.Select(server => server with
        {
            RatioToMqttnet = server.Median?.MessagesPerSecond / rate,
        })]);
    }

    private static ServerFigures Figures(LoadTarget target, CellRuns runs) => new()
    {
        Server = target.Name,
        Median = runs.Refused is null ? Medians.Of(runs.Figures) : null,
        Refused = runs.Refused,
        Runs = runs.Figures,
    };

    private static void Print(CellFigures cell)
    {
        Console.WriteLine($"{cell.Connections} connections, window {cell.Window}");
        Console.WriteLine(
            $"  {"",-24}{"messages/s",12}{"p50 ms",10}{"p99 ms",10}{"server us",12}{"client us",12}{"x MQTTnet",12}"
            + $"{"bytes",10}{"lost",8}");
        foreach (ServerFigures server in cell.Servers)
        {
            Console.WriteLine(server.Median is not { } median
                ? $"  {server.Server,-24}no result: {server.Refused}"
                : $"  {server.Server,-24}{median.MessagesPerSecond,12:0}{median.LatencyMs?.P50,10:0.00}"
                    + $"{median.LatencyMs?.P99,10:0.00}{median.GridCpuMicrosPerMessage,12:0.00}"
                    + $"{median.ClientCpuMicrosPerMessage,12:0.00}{server.RatioToMqttnet,12:0.00}"
                    + $"{OrUnknown(median.AllocatedBytesPerMessage),10}{OrUnknown(median.Lost),8}");
        }
    }

    private static string OrUnknown(double? figure) => figure?.ToString("0", CultureInfo.InvariantCulture) ?? "-";

    private sealed class CellRuns
    {
        public List<LoadFigures> Figures { get; } = [];

        public string? Refused { get; set; }
    }
}
