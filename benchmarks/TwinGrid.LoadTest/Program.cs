using System.Globalization;
using System.Net.Sockets;
using TwinGrid.LoadTest;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Scenarios;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    (string name, LoadOptions options) = LoadArguments.Read(args, Scenario.All.Select(static s => s.Name));
    await RunAsync(Scenario.All.First(s => s.Name == name), options);
    return 0;
}
catch (ArgumentProblem problem)
{
    Console.Error.WriteLine(problem.Message);
    foreach (Scenario scenario in Scenario.All)
    {
        Console.Error.WriteLine($"  {scenario.Name,-12} {scenario.What}");
    }

    return 2;
}
catch (Exception problem) when (problem is NoResult or InvalidOperationException or IOException or SocketException)
{
    Console.Error.WriteLine($"No result: {problem.Message}");
    return 1;
}

static async Task RunAsync(Scenario scenario, LoadOptions options)
{
    await using GridProcess? own = options.Target is null ? await GridProcess.StartAsync(options) : null;
    var runner = new LoadRunner(scenario, options, options.Target ?? own!.Mqtt, options.Api ?? own?.Api, own?.Id);
    List<RunFigures> runs = [];
    while (runs.Count < options.Runs)
    {
        runs.Add(await runner.RunAsync());
        Print($"run {runs.Count}", runs[^1]);
    }

    var report = new LoadReport
    {
        Scenario = scenario.Name,
        Machine = MachineLine.Read(own is null ? null : options.DataDirectory ?? Path.GetTempPath()),
        Options = options,
        Median = Medians.Of(runs),
        Runs = runs,
    };
    Print("median", report.Median);
    Console.WriteLine(report.Machine);
    if (options.Report is { } file)
    {
        await File.WriteAllTextAsync(file, report.ToJson());
    }
}

static void Print(string name, RunFigures run)
{
    string latency = run.LatencyMs is { } ms
        ? $"p50 {ms.P50:0.00}  p90 {ms.P90:0.00}  p99 {ms.P99:0.00}  p99.9 {ms.P999:0.00}  max {ms.Max:0.0} ms"
        : "no latency";
    Console.WriteLine(
        $"{name,-7} {run.MessagesPerSecond,9:0} messages/s  {latency}  lost {OrUnknown(run.Lost, "0")}");
    Console.WriteLine(
        $"        CPU per message: grid {OrUnknown(run.GridCpuMicrosPerMessage, "0.0")} us, "
        + $"client {run.ClientCpuMicrosPerMessage:0.0} us; allocated "
        + $"{OrUnknown(run.AllocatedBytesPerMessage, "0")} bytes; peak {OrUnknown(run.PeakRssMiB, "0")} MiB");
}

static string OrUnknown(double? figure, string format) =>
    figure?.ToString(format, CultureInfo.InvariantCulture) ?? "unknown";
