using System.Diagnostics;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Measuring;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>What it costs a server to have clients that do nothing, or nothing good.</summary>
internal sealed class IdleScenario(LoadOptions options)
{
    // What a subscriber that never reads is sent: a few twins whose state changes all the time.
    private const int NoiseDevices = 100;
    private const int NoiseRate = 1_000;

    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs it, prints its figures and gives the members of its report.</summary>
    public async Task<object[]> RunAsync()
    {
        await OpenFiles.EnsureAsync(options.Connections);
        await using LoadTarget target = await LoadTarget.OfAsync(options);
        using var crowd = new Crowd(target, options.Mqtt);
        await crowd.WarmUpAsync();
        using var noise = new CancellationTokenSource();
        Task noisy = options.Hostile == HostileClients.NeverReads
            ? NoiseAsync(target, noise.Token)
            : Task.CompletedTask;
        try
        {
            if (!noisy.IsCompleted)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.WarmUp));
            }

            IdleFigures figures = await MeasureAsync(crowd, target);
            Print(figures);
            return [figures];
        }
        finally
        {
            await noise.CancelAsync();
            await noisy.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IdleFigures> MeasureAsync(Crowd crowd, LoadTarget target)
    {
        MemoryReading before = await crowd.SettleAsync();
        double peak = before.Rss;
        using var watching = new CancellationTokenSource();
        Task watch = WatchAsync(crowd.Meter, rss => peak = Math.Max(peak, rss), watching.Token);
        long start = Stopwatch.GetTimestamp();
        RestingClient[] clients = await crowd.ComeAsync(options.Connections, ComeAsync);
        TimeSpan connecting = Stopwatch.GetElapsedTime(start);
        MemoryReading after = await crowd.SettleAsync();
        TimeSpan rest = TimeSpan.FromSeconds(options.Seconds) - (Stopwatch.GetElapsedTime(start) - connecting);
        await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
        await watching.CancelAsync();
        await watch;
        int still = options.Hostile is null ? await Crowd.AliveAsync(clients) : clients.Count(static c => c.IsOpen());
        Array.ForEach(clients, static client => client.Dispose());
        double? PerConnection(double bytes) => double.IsNaN(bytes) ? null : bytes / options.Connections;
        return new IdleFigures
        {
            Server = target.Name,
            Connections = options.Connections,
            Hostile = options.Hostile,
            ConnectSeconds = connecting.TotalSeconds,
            RssBytesPerConnection = PerConnection(after.Rss - before.Rss),
            HeapBytesPerConnection = PerConnection(after.Heap - before.Heap),
            PeakRssBytesPerConnection = PerConnection(peak - before.Rss),
            StillConnected = still,
        };

        Task ComeAsync(RestingClient client) => options.Hostile is null
            ? crowd.RestAsync(client)
            : HostileClients.ComeAsync(options.Hostile, client, crowd.Settings(client.Number), target.Mqtt);
    }

    private static async Task WatchAsync(ResourceMeter meter, Action<double> see, CancellationToken cancellationToken)
    {
        using var pause = new PeriodicTimer(LooksEvery);
        try
        {
            while (await pause.WaitForNextTickAsync(cancellationToken))
            {
                see(meter.RssBytes());
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }
    }

    private async Task NoiseAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        LoadFormat format = new(options.Mqtt, options.Qos, 1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        LoadDevice[] devices =
            [.. Enumerable.Range(0, NoiseDevices).Select(i => new LoadDevice($"{LoadKind.Name}/noise{i}", format))];
        using var connection = new LoadConnection(devices, format, new LoadTally());
        connection.Connect(target.Mqtt, "load-noise");
        await OpenLoopLoad.RunAsync(
            [connection], options with { Rate = NoiseRate }, new LoadSignals(cancellationToken));
    }

    private static void Print(IdleFigures run)
    {
        static string Kib(double? bytes) => bytes is { } known ? $"{known / 1024:0.0} KiB" : "unknown";
        Console.WriteLine(
            $"{run.Server}: {run.Connections} {run.Hostile ?? "idle"} connections in {run.ConnectSeconds:0.0} s, "
            + $"{run.StillConnected} still connected");
        Console.WriteLine(
            $"        memory of each: {Kib(run.RssBytesPerConnection)}, of it heap {Kib(run.HeapBytesPerConnection)}; "
            + $"at the worst moment {Kib(run.PeakRssBytesPerConnection)}");
    }
}
