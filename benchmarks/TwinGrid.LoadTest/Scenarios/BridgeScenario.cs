using System.Diagnostics;
using System.Text.Json;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Devices at a mosquitto and a grid that bridges to it, all on this machine: how many messages come through when there
/// is always one waiting, and at a rate how long after its publishing a reading is seen committed.
/// </summary>
internal sealed class BridgeScenario(LoadOptions options)
{
    private static readonly TimeSpan ComesWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(100);

    private readonly Fleet _fleet = new(options, "d");

    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        if (options.Target is not null || options.Server.Count > 0 || options.Qos == 0)
        {
            throw new ArgumentProblem("bridge starts its broker and its grid, with --qos 1: no --target, no --server");
        }

        await using ServerProcess broker = await KnownServers.StartAsync(KnownServers.Mosquitto, options);
        await using ServerProcess grid = await KnownServers.StartBridgedAsync(options, broker.Address.Mqtt);
        using var stop = new CancellationTokenSource();
        LoadConnection[] connections = _fleet.Connect([broker.Address.Mqtt], new LoadTally());
        try
        {
            await BridgedAsync(grid.Address.Api!);
            await ClosedLoopLoad.SendEachAsync(connections, options, 1, new LoadSignals(stop.Token));
            await ArriveAsync(grid.Address.Api!);
            BridgeFigures figures = await MostAsync(connections, grid.Address.Api!, stop.Token);
            figures = await SeenAsync(figures, connections, broker.Address.Mqtt, grid.Address.Api!, stop.Token);
            Array.ForEach(connections, static connection => connection.Disconnect());
            Print(figures);
            return [figures];
        }
        finally
        {
            ProgressLine.Clear();
            await stop.CancelAsync();
            Array.ForEach(connections, static connection => connection.Dispose());
        }
    }

    private async Task<BridgeFigures> MostAsync(LoadConnection[] connections, Uri api, CancellationToken stop)
    {
        int each = Math.Max(1, options.Rate * options.Seconds / options.Devices);
        long sent = (long)each * options.Devices;
        ProgressLine.Say($"  {sent} messages as fast as the broker takes them");
        long start = Stopwatch.GetTimestamp();
        await ClosedLoopLoad.SendEachAsync(connections, options, each + 1, new LoadSignals(stop));
        double taken = sent / Stopwatch.GetElapsedTime(start).TotalSeconds;
        await ArriveAsync(api);
        double through = sent / Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new BridgeFigures
        {
            BrokerMessagesPerSecond = taken,
            MessagesPerSecond = through,
            ReadingsPerSecond = through * options.Readings,
        };
    }

    private async Task<BridgeFigures> SeenAsync(
        BridgeFigures figures, LoadConnection[] connections, Uri broker, Uri api, CancellationToken stop)
    {
        ProgressLine.Say($"  {options.Rate} messages/s for {options.Seconds} s, and one that is watched");
        var signals = new LoadSignals(stop);
        Task generating = OpenLoopLoad.RunAsync(connections, options, signals);
        using var probe = new BridgeProbe(broker, api);
        Task<HdrHistogram.LongHistogram> measuring = probe.MeasureAsync(TimeSpan.FromSeconds(options.Seconds));
        if (await Task.WhenAny(generating, measuring) == generating)
        {
            await generating;
        }

        HdrHistogram.LongHistogram seen = await measuring;
        signals.Stop();
        await generating;
        long lost = await ArriveAsync(api);
        return figures with
        {
            Acknowledged = _fleet.Devices.Sum(static device => device.Acknowledged),
            Lost = lost,
            OfferedPerSecond = options.Rate,
            SeenMs = LatencyFigures.Of(seen),
        };
    }

    /// <summary>Ends when the grid knows all that the broker acknowledged, or nothing more comes.</summary>
    /// <returns>How many messages it does not know.</returns>
    private async Task<long> ArriveAsync(Uri api)
    {
        using var check = new LossCheck(api);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            long[] known = await check.CountAsync(_fleet.Devices);
            long missing = _fleet.Devices.Select((device, i) => Math.Max(0, device.Acknowledged - known[i])).Sum();
            if (missing == 0 || Stopwatch.GetElapsedTime(start) > ComesWithin)
            {
                return missing;
            }

            await Task.Delay(LooksEvery);
        }
    }

    // Before the bridge subscribes the broker keeps nothing for it.
    private static async Task BridgedAsync(Uri api)
    {
        using var http = new HttpClient { BaseAddress = api };
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < ComesWithin)
        {
            string health = await http.GetStringAsync(new Uri("/health/ready", UriKind.Relative));
            using JsonDocument body = JsonDocument.Parse(health);
            if (body.RootElement.GetProperty("status").GetString() == "ok")
            {
                return;
            }

            await Task.Delay(LooksEvery);
        }

        throw new NoResult("The bridge has no connection to the broker");
    }

    private void Print(BridgeFigures run)
    {
        Console.WriteLine(
            $"through the bridge, {options.Acknowledge}, {options.Storage}: {run.MessagesPerSecond:0} messages/s, "
            + $"{run.ReadingsPerSecond:0} readings/s (the broker took {run.BrokerMessagesPerSecond:0}/s); "
            + $"{run.Acknowledged} acknowledged, lost {run.Lost}");
        Console.WriteLine(
            $"        at {run.OfferedPerSecond} messages/s seen by a watcher after p50 {run.SeenMs?.P50:0.0}  p90 "
            + $"{run.SeenMs?.P90:0.0}  p99 {run.SeenMs?.P99:0.0}  max {run.SeenMs?.Max:0} ms");
    }
}
