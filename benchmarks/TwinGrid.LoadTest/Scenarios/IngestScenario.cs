using System.Globalization;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Reporting;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Readings of many devices, several runs and their medians.</summary>
internal static class IngestScenario
{
    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public static async Task<object[]> RunAsync(LoadScenario scenario, LoadOptions options)
    {
        await using LoadTarget target = await LoadTarget.OfAsync(options);
        List<LoadFigures> runs = [];
        while (runs.Count < options.Runs)
        {
            runs.Add(await new LoadRun(scenario, options, target).RunAsync());
            Print($"run {runs.Count}", runs[^1]);
        }

        LoadFigures median = Medians.Of(runs);
        Print("median", median);
        return [median, new { runs }];
    }

    private static void Print(string name, LoadFigures run)
    {
        string latency = run.LatencyMs is { } ms
            ? $"p50 {ms.P50:0.00}  p90 {ms.P90:0.00}  p99 {ms.P99:0.00}  p99.9 {ms.P999:0.00}  max {ms.Max:0.0} ms"
            : "no latency";
        Console.WriteLine(
            $"{name,-7} {run.MessagesPerSecond,9:0} messages/s  {latency}  lost {OrUnknown(run.Lost, "0")}");
        Console.WriteLine(
            $"        CPU per message: grid {OrUnknown(run.GridCpuMicrosPerMessage, "0.0")} us, "
            + $"client {run.ClientCpuMicrosPerMessage:0.00} us; allocated "
            + $"{OrUnknown(run.AllocatedBytesPerMessage, "0")} bytes; peak {OrUnknown(run.PeakRssMiB, "0")} MiB");
    }

    private static string OrUnknown(double? figure, string format) =>
        figure?.ToString(format, CultureInfo.InvariantCulture) ?? "unknown";
}
