using System.Diagnostics;
using System.Net.Sockets;
using HdrHistogram;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// A grid with many twins is killed with signal 9 under load and started again on what it left: how soon it
/// acknowledges and shows states, and whether it knows everything that it had acknowledged.
/// </summary>
internal sealed class RecoveryScenario(LoadOptions options)
{
    private const int MessagesBefore = 2;
    private const int Looks = 1_000;

    // Every message is the first for its twin, which must be read: by the clock a grid that is slower than the load
    // would let messages wait until it gives them up, as it tells their devices by closing connections.
    private const int WindowAfter = 10;

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(2);

    private readonly Fleet _fleet = new(options, $"d{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}-");

    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        if (options.Target is not null || options.Server.Count > 0 || options.Qos == 0)
        {
            throw new ArgumentProblem("recovery kills a grid of its own, with --qos 1: no --target, no --server");
        }

        string data = options.DataDirectory ?? Directory.CreateTempSubdirectory("twingrid-load-").FullName;
        try
        {
            RecoveryFigures figures = await RunAsync(options with { DataDirectory = data });
            Print(figures);
            return [figures];
        }
        finally
        {
            if (options.DataDirectory is null)
            {
                Directory.Delete(data, recursive: true);
            }
        }
    }

    private async Task<RecoveryFigures> RunAsync(LoadOptions grid)
    {
        RecoveryFigures figures = await UntilKilledAsync(grid);
        long start = Stopwatch.GetTimestamp();
        await using ServerProcess again = await KnownServers.StartGridAgainAsync(grid);
        figures = figures with { ReadySeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
        using var stop = new CancellationTokenSource(AnswersWithin);
        var signals = new LoadSignals(stop.Token);
        var tally = new LoadTally();
        LoadConnection[] connections = _fleet.Connect(again.Address.Mqtt, tally);
        try
        {
            tally.MeasureFrom(Stopwatch.GetTimestamp());
            Task generating = ClosedLoopLoad.RunAsync(connections, options with { Window = WindowAfter }, signals);
            await Eventually(() => tally.Acknowledged > 0, generating);
            figures = figures with { FirstAcknowledgementSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
            LatencyFigures? looks = await LookAsync(again.Address.Api!);
            signals.Stop();
            await generating;
            Array.ForEach(connections, static connection => connection.Disconnect());
            (long lost, long phantom) = await CompareAsync(again.Address.Api!);
            return figures with
            {
                ReadMs = looks,
                LatencyMs = LatencyFigures.Of(tally.Latencies),
                Lost = lost,
                Phantom = phantom,
            };
        }
        finally
        {
            Array.ForEach(connections, static connection => connection.Dispose());
        }
    }

    private async Task<RecoveryFigures> UntilKilledAsync(LoadOptions grid)
    {
        await using ServerProcess server = await KnownServers.StartAsync(KnownServers.Grid, grid);
        using var stop = new CancellationTokenSource(AnswersWithin);
        var tally = new LoadTally();
        LoadConnection[] connections = _fleet.Connect(server.Address.Mqtt, tally);
        try
        {
            ProgressLine.Say($"  {server.Name}  making {options.Devices} twins");
            await ClosedLoopLoad.SendEachAsync(connections, options, MessagesBefore, new LoadSignals(stop.Token));
            Task generating = OpenLoopLoad.RunAsync(connections, options, new LoadSignals(stop.Token));
            ProgressLine.Say($"  {server.Name}  {options.Rate} messages/s for {options.Seconds} s, then a kill");
            if (await Task.WhenAny(generating, Task.Delay(TimeSpan.FromSeconds(options.Seconds))) == generating)
            {
                await generating;
            }

            await server.KillAsync();
            await WasCutAsync(generating);
            ProgressLine.Clear();
            return new RecoveryFigures
            {
                Twins = options.Devices,
                AcknowledgedBefore = tally.Acknowledged,
                InFlight = tally.Sent - tally.Acknowledged,
            };
        }
        finally
        {
            Array.ForEach(connections, static connection => connection.Dispose());
        }
    }

    private static async Task WasCutAsync(Task generating)
    {
        try
        {
            await generating;
        }
        catch (Exception cut) when (cut is IOException or SocketException)
        {
            return;
        }

        throw new NoResult("The load ended before the grid was killed");
    }

    private static async Task Eventually(Func<bool> condition, Task generating)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!condition())
        {
            await pause.WaitForNextTickAsync();
            if (generating.IsCompleted)
            {
                await generating;
            }
        }
    }

    /// <summary>Looks at twins all over the fleet, one after the other.</summary>
    private async Task<LatencyFigures?> LookAsync(Uri api)
    {
        using var http = new HttpClient { BaseAddress = api, Timeout = LongestLook };
        LongHistogram looks = LoadTally.NewHistogram();
        int step = Math.Max(1, _fleet.Devices.Length / Looks);
        for (int i = 0; i < _fleet.Devices.Length; i += step)
        {
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await http.GetAsync(
                new Uri($"/api/v1/twins/{_fleet.Devices[i].Twin}", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            LoadTally.Record(looks, Stopwatch.GetTimestamp() - start);
        }

        return LatencyFigures.Of(looks);
    }

    // What was not acknowledged may be there or not; it was not sent again.
    private async Task<(long Lost, long Phantom)> CompareAsync(Uri api)
    {
        ProgressLine.Say($"  comparing {options.Devices} twins");
        using var check = new LossCheck(api);
        long[] known = await check.CountAsync(_fleet.Devices);
        ProgressLine.Clear();
        return (
            _fleet.Devices.Select((device, i) => Math.Max(0, device.Acknowledged - known[i])).Sum(),
            _fleet.Devices.Select((device, i) => Math.Max(0, known[i] - device.Sent)).Sum());
    }

    private void Print(RecoveryFigures run)
    {
        Console.WriteLine(
            $"{options.Storage}: {run.Twins} twins, {run.AcknowledgedBefore} messages acknowledged and {run.InFlight} "
            + $"on their way at the kill; started again: ready in {run.ReadySeconds:0.0} s, first acknowledgement in "
            + $"{run.FirstAcknowledgementSeconds:0.0} s; lost {run.Lost}, phantom or twice {run.Phantom}");
        Console.WriteLine(
            $"        with {options.Connections} x {WindowAfter} messages on their way: state on demand p50 "
            + $"{run.ReadMs?.P50:0.0}  p99 {run.ReadMs?.P99:0.0}  max {run.ReadMs?.Max:0} ms; acknowledged after p50 "
            + $"{run.LatencyMs?.P50:0.0}  p99 {run.LatencyMs?.P99:0.0}  max {run.LatencyMs?.Max:0} ms");
    }
}
