using System.Diagnostics;
using System.Text.Json;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Every device comes once: how fast new twins come to be, and what each costs.</summary>
internal sealed class TwinsScenario(LoadOptions options)
{
    // Before they are counted some others come, for code that runs for the first time is slow.
    private const int WarmUpDevices = 1_000;
    private const int PageSize = 1_000;

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(10);

    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        await using LoadTarget target = await LoadTarget.OfAsync(options);
        using var crowd = new Crowd(target, options.Mqtt);
        int warm = Math.Max(Math.Min(WarmUpDevices, options.Devices), options.Connections);
        await ComeAsync(target, new Fleet(options with { Devices = warm }, $"warm{Stamp()}-"));
        MemoryReading before = await crowd.SettleAsync();
        double cpu = crowd.Meter.GridCpu();
        string prefix = $"new{Stamp()}-";
        var fleet = new Fleet(options, prefix);
        (TimeSpan took, LatencyFigures? latency) = await ComeAsync(target, fleet);
        cpu = crowd.Meter.GridCpu() - cpu;
        double? peak = crowd.Meter.PeakRssMiB();
        long? listed = target.Api is null ? null : await ListedAsync(target.Api, $"{LoadKind.Name}/{prefix}");
        MemoryReading after = await crowd.SettleAsync();
        double? PerTwin(double used) => double.IsNaN(used) ? null : used / options.Devices;
        TwinsFigures figures = new()
        {
            Twins = options.Devices,
            Seconds = took.TotalSeconds,
            TwinsPerSecond = options.Devices / took.TotalSeconds,
            LatencyMs = latency,
            GridCpuMicrosPerTwin = PerTwin(cpu * 1e6),
            RssBytesPerTwin = PerTwin(after.Rss - before.Rss),
            HeapBytesPerTwin = PerTwin(after.Heap - before.Heap),
            PeakRssMiB = peak,
            Listed = listed,
        };
        Print(target.Name, figures);
        return [figures];
    }

    private static long Stamp() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private async Task<(TimeSpan Took, LatencyFigures? Latency)> ComeAsync(LoadTarget target, Fleet fleet)
    {
        using var patience = new CancellationTokenSource(AnswersWithin);
        var tally = new LoadTally();
        LoadConnection[] connections = fleet.Connect(target.Mqtt, tally);
        try
        {
            long start = Stopwatch.GetTimestamp();
            tally.MeasureFrom(start);
            await ClosedLoopLoad.SendEachAsync(connections, options, 1, new LoadSignals(patience.Token));
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            Array.ForEach(connections, static connection => connection.Disconnect());
            return (took, LatencyFigures.Of(tally.Latencies));
        }
        finally
        {
            Array.ForEach(connections, static connection => connection.Dispose());
        }
    }

    // Page after page, as a user reads the list: each twin once, in the order of their ids.
    private static async Task<long> ListedAsync(Uri api, string prefix)
    {
        using var http = new HttpClient { BaseAddress = api };
        long count = 0;
        string last = "";
        string? cursor = "";
        while (cursor is not null)
        {
            string path = $"/api/v1/twins?kind={LoadKind.Name}&limit={PageSize}"
                + (cursor.Length == 0 ? "" : $"&cursor={cursor}");
            using JsonDocument page = JsonDocument.Parse(
                await http.GetByteArrayAsync(new Uri(path, UriKind.Relative)));
            foreach (JsonElement twin in page.RootElement.GetProperty("items").EnumerateArray())
            {
                string id = twin.GetProperty("id").GetString()!;
                if (string.CompareOrdinal(id, last) <= 0)
                {
                    throw new InvalidDataException($"{id} is listed after {last}");
                }

                last = id;
                count += id.StartsWith(prefix, StringComparison.Ordinal) ? 1 : 0;
            }

            cursor = page.RootElement.TryGetProperty("cursor", out JsonElement next) ? next.GetString() : null;
        }

        return count;
    }

    private static void Print(string name, TwinsFigures run)
    {
        static string Kib(double? bytes) => bytes is { } known ? $"{known / 1024:0.0} KiB" : "unknown";
        Console.WriteLine(
            $"{name}: {run.Twins} new twins in {run.Seconds:0.0} s, {run.TwinsPerSecond:0}/s, "
            + $"acknowledged after p50 {run.LatencyMs?.P50:0.0}  p99 {run.LatencyMs?.P99:0.0}  "
            + $"max {run.LatencyMs?.Max:0} ms; {run.Listed} listed");
        Console.WriteLine(
            $"        of each: grid CPU {run.GridCpuMicrosPerTwin:0} us, memory {Kib(run.RssBytesPerTwin)}, of it heap "
            + $"{Kib(run.HeapBytesPerTwin)}; peak {run.PeakRssMiB:0} MiB");
    }
}
