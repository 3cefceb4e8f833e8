using System.Diagnostics;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>A way to make load.</summary>
/// <param name="OpenLoop">True when it sends by the clock and not by what the grid has answered.</param>
/// <param name="Generate">Sends until told to stop; its task ends when all is acknowledged.</param>
internal sealed record LoadScenario(bool OpenLoop, Func<LoadConnection[], LoadOptions, LoadSignals, Task> Generate)
{
    /// <summary>Sends by the clock.</summary>
    public static LoadScenario Open { get; } = new(true, OpenLoopLoad.RunAsync);

    /// <summary>Keeps a window full.</summary>
    public static LoadScenario Closed { get; } = new(false, ClosedLoopLoad.RunAsync);
}

/// <summary>One run: connect, warm up, measure, drain, ask for what was lost.</summary>
internal sealed class LoadRun(LoadScenario scenario, LoadOptions options, LoadTarget target)
{
    // A client that uses more of a processor, or is later with its messages, measures itself.
    private const double MostClientCpu = 0.9;
    private const long MostSendLagMicroseconds = 5_000;

    private static readonly TimeSpan TwinsWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DrainsWithin = TimeSpan.FromSeconds(30);

    private readonly LoadTally _tally = new();

    /// <summary>Runs once.</summary>
    /// <exception cref="NoResult">The client was the bottleneck, or the grid stopped answering.</exception>
    public async Task<LoadFigures> RunAsync()
    {
        using var abandon = new CancellationTokenSource();
        using var meter = new ResourceMeter(target.Process?.Id, target.Api);
        using LossCheck? loss = target.Api is null || options.Qos == 0 ? null : new LossCheck(target.Api);
        var fleet = new Fleet(options, prefix: "d");
        LoadDevice[] devices = fleet.Devices;
        if (loss is not null)
        {
            await loss.BeginAsync(devices);
        }

        LoadConnection[] connections = fleet.Connect(target.Mqtt, _tally);
        try
        {
            var signals = new LoadSignals(abandon.Token);
            Task generating = scenario.Generate(connections, options, signals);
            await EveryTwinAsync(devices, generating);
            await WhileAsync(generating, "warm-up", options.WarmUp);
            ResourceReading before = await meter.ReadAsync();
            long from = Stopwatch.GetTimestamp();
            long acknowledgedBefore = _tally.Acknowledged;
            _tally.MeasureFrom(from);
            signals.Measure();
            await WhileAsync(generating, "measured", options.Seconds);
            long until = Stopwatch.GetTimestamp();
            long acknowledged = _tally.Acknowledged - acknowledgedBefore;
            _tally.MeasureUntil(until);
            ResourceReading after = await meter.ReadAsync();
            signals.Stop();
            await DrainAsync(generating, abandon);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(from, until);
            LoadFigures figures = Figures(acknowledged, elapsed, before, after) with
            {
                PeakRssMiB = meter.PeakRssMiB(),
                Lost = loss is null ? null : await loss.EndAsync(devices),
            };
            RefuseWhereTheClientWasTheBottleneck(signals, after.ClientCpu - before.ClientCpu, elapsed);
            Array.ForEach(connections, static connection => connection.Disconnect());
            return figures;
        }
        finally
        {
            ProgressLine.Clear();
            await abandon.CancelAsync();
            Array.ForEach(connections, static connection => connection.Dispose());
        }
    }

    // Making a twin is not taking its readings: the warm-up begins when each one is there.
    private async Task EveryTwinAsync(LoadDevice[] devices, Task generating)
    {
        long start = Stopwatch.GetTimestamp();
        while (Array.Exists(devices, d => (options.Qos == 0 ? d.Sent : d.Acknowledged) == 0))
        {
            if (Stopwatch.GetElapsedTime(start) > TwinsWithin)
            {
                int missing = devices.Count(static d => d.Acknowledged == 0);
                throw new NoResult($"{missing} twins did not answer within {TwinsWithin.TotalSeconds:0} s");
            }

            await WhileAsync(generating, "waiting for first answers,", seconds: 1);
        }
    }

    private async Task WhileAsync(Task generating, string what, int seconds)
    {
        long start = Stopwatch.GetTimestamp();
        for (int second = 1; second <= seconds; second++)
        {
            long before = _tally.Acknowledged;
            TimeSpan rest = TimeSpan.FromSeconds(second) - Stopwatch.GetElapsedTime(start);
            Task ended = await Task.WhenAny(generating, Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero));
            if (ended == generating)
            {
                await generating;
                throw new NoResult("The load ended before its time");
            }

            long acknowledged = _tally.Acknowledged;
            ProgressLine.Say(
                $"  {target.Name}  {what} {second} of {seconds} s  {acknowledged - before:0} messages/s  "
                + $"{_tally.Sent - acknowledged} on their way");
        }
    }

    private static async Task DrainAsync(Task generating, CancellationTokenSource abandon)
    {
        abandon.CancelAfter(DrainsWithin);
        try
        {
            await generating;
        }
        catch (OperationCanceledException)
        {
            throw new NoResult($"The grid did not acknowledge what was sent within {DrainsWithin.TotalSeconds:0} s");
        }
    }

    private LoadFigures Figures(long acknowledged, TimeSpan elapsed, ResourceReading before, ResourceReading after)
    {
        double? PerMessage(double used) => double.IsNaN(used) || acknowledged == 0 ? null : used / acknowledged;
        double perSecond = acknowledged / elapsed.TotalSeconds;
        return new LoadFigures
        {
            OfferedPerSecond = scenario.OpenLoop ? options.Rate : null,
            Sent = _tally.Measured,
            Acknowledged = options.Qos == 0 ? _tally.Measured : _tally.Latencies.TotalCount,
            MessagesPerSecond = perSecond,
            ReadingsPerSecond = perSecond * options.Readings,
            LatencyMs = LatencyFigures.Of(_tally.Latencies),
            GridCpuMicrosPerMessage = PerMessage((after.GridCpu - before.GridCpu) * 1e6),
            ClientCpuMicrosPerMessage = PerMessage((after.ClientCpu - before.ClientCpu) * 1e6) ?? 0,
            AllocatedBytesPerMessage = PerMessage(after.Allocated - before.Allocated),
            Gc = before.Collections is null ? null
                : [.. after.Collections!.Zip(before.Collections, static (now, then) => now - then)],
        };
    }

    private void RefuseWhereTheClientWasTheBottleneck(LoadSignals signals, double clientCpu, TimeSpan elapsed)
    {
        double share = clientCpu / elapsed.TotalSeconds;
        if (share >= MostClientCpu && target.Process?.Kind != KnownServers.Sink)
        {
            throw new NoResult(
                $"The client used {share:P0} of a processor, it was the bottleneck: fewer connections or a lower rate");
        }

        long lag = scenario.OpenLoop ? signals.SendLag.GetValueAtPercentile(99) : 0;
        if (lag > MostSendLagMicroseconds)
        {
            throw new NoResult(
                $"The client wrote 1 % of its messages more than {lag / 1000.0:0.0} ms late: a lower --rate, or a "
                + "machine with less else to do");
        }
    }
}
