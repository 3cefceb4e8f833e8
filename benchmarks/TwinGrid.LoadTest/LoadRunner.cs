using System.Diagnostics;
using HdrHistogram;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Scenarios;

namespace TwinGrid.LoadTest;

/// <summary>A result that must not be published; the message says why.</summary>
internal sealed class NoResult(string message) : Exception(message);

/// <summary>One run: connect, warm up, measure, drain, ask for what was lost.</summary>
internal sealed class LoadRunner(Scenario scenario, LoadOptions options, Uri target, Uri? api, int? gridProcess)
{
    // A client that uses more of a processor, or is later with its messages, measures itself.
    private const double MostClientCpu = 0.9;
    private const long MostSendLagMicroseconds = 5_000;

    private static readonly TimeSpan TwinsWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DrainsWithin = TimeSpan.FromSeconds(30);

    /// <summary>Runs once.</summary>
    /// <exception cref="NoResult">The client was the bottleneck, or the grid stopped answering.</exception>
    public async Task<RunFigures> RunAsync()
    {
        using var abandon = new CancellationTokenSource();
        using var meter = new ResourceMeter(gridProcess, api);
        using LossCheck? loss = api is null || options.Qos == 0 ? null : new LossCheck(api);
        LoadDevice[] devices = MakeDevices();
        if (loss is not null)
        {
            await loss.BeginAsync(devices);
        }

        LoadConnection[] connections = await ConnectAsync(devices, abandon.Token);
        var signals = new LoadSignals(abandon.Token);
        Task generating = scenario.Generate(connections, options, signals);
        await EveryTwinAsync(devices, generating);
        await WhileAsync(generating, options.WarmUp);
        ResourceReading before = await meter.ReadAsync();
        long from = Stopwatch.GetTimestamp();
        long acknowledgedBefore = connections.Sum(static c => c.Acknowledged);
        Array.ForEach(connections, c => c.MeasureFrom(from));
        signals.Measure();
        await WhileAsync(generating, options.Seconds);
        long until = Stopwatch.GetTimestamp();
        long acknowledged = connections.Sum(static c => c.Acknowledged);
        Array.ForEach(connections, c => c.MeasureUntil(until));
        ResourceReading after = await meter.ReadAsync();
        signals.Stop();
        await DrainAsync(generating, abandon);

        TimeSpan elapsed = Stopwatch.GetElapsedTime(from, until);
        RunFigures figures = Figures(connections, acknowledged - acknowledgedBefore, elapsed, before, after) with
        {
            PeakRssMiB = meter.PeakRssMiB(),
            Lost = loss is null ? null : await loss.EndAsync(devices),
        };
        RefuseWhereTheClientWasTheBottleneck(signals, after.ClientCpu - before.ClientCpu, elapsed);
        await CloseAsync(connections);
        return figures;
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

            await WhileAsync(generating, seconds: 1);
        }
    }

    private static async Task WhileAsync(Task generating, int seconds)
    {
        Task ended = await Task.WhenAny(generating, Task.Delay(TimeSpan.FromSeconds(seconds)));
        if (ended == generating)
        {
            await generating;
            throw new NoResult("The load ended before its time");
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

    private static async Task CloseAsync(LoadConnection[] connections)
    {
        foreach (LoadConnection connection in connections)
        {
            await connection.DisconnectAsync(CancellationToken.None);
            connection.Dispose();
        }
    }

    private LoadDevice[] MakeDevices()
    {
        long epoch = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return [.. Enumerable.Range(0, options.Devices)
            .Select(i => new LoadDevice($"load/d{i}", options.Readings, epoch))];
    }

    private async Task<LoadConnection[]> ConnectAsync(LoadDevice[] devices, CancellationToken cancellationToken)
    {
        var connections = new LoadConnection[options.Connections];
        for (int i = 0; i < connections.Length; i++)
        {
            LoadDevice[] its = [.. devices.Where((_, device) => device % connections.Length == i)];
            connections[i] = new LoadConnection(its, options.Qos);
            await connections[i].ConnectAsync(target, $"load-{i}", cancellationToken);
        }

        return connections;
    }

    private RunFigures Figures(
        LoadConnection[] connections,
        long acknowledged,
        TimeSpan elapsed,
        ResourceReading before,
        ResourceReading after)
    {
        LongHistogram latencies = LoadConnection.NewHistogram();
        Array.ForEach(connections, c => latencies.Add(c.Latencies));
        double Milliseconds(double percentile) => latencies.GetValueAtPercentile(percentile) / 1000.0;
        double? PerMessage(double used) => double.IsNaN(used) || acknowledged == 0 ? null : used / acknowledged;
        long sent = connections.Sum(static c => c.Measured);
        double perSecond = acknowledged / elapsed.TotalSeconds;
        return new RunFigures
        {
            OfferedPerSecond = scenario.OpenLoop ? options.Rate : null,
            Sent = sent,
            Acknowledged = options.Qos == 0 ? sent : latencies.TotalCount,
            MessagesPerSecond = perSecond,
            ReadingsPerSecond = perSecond * options.Readings,
            LatencyMs = latencies.TotalCount == 0 ? null : new LatencyFigures(
                Milliseconds(50), Milliseconds(90), Milliseconds(99), Milliseconds(99.9),
                latencies.GetMaxValue() / 1000.0),
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
        if (share >= MostClientCpu)
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
