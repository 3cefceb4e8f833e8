using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Configuration.Memory;
using TwinGrid.MqttGateway;
using WindFarm.Devices;
using WindFarm.Scada;
using WindFarm.Screen;
using WindFarm.Simulation;
using WindFarm.Watching;

namespace WindFarm;

/// <summary>One run of the sample: a grid, its devices, and what the grid says of them.</summary>
internal static class FarmRun
{
    private const int Turbines = 40;
    private const int Masts = 4;
    private static readonly TimeSpan FirstPictureWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs until the time is up, the log is at its end, or Ctrl-C.</summary>
    /// <returns>0 when everything happened that should have.</returns>
    public static async Task<int> RunAsync(FarmOptions options, string[] args)
    {
        IReadOnlyList<ScadaRow>? log = options.Replay is string file ? ScadaFile.Read(file) : null;
        WebApplication grid = BuildGrid(args);
        IHostApplicationLifetime lifetime = grid.Lifetime;
        TaskCompletionSource started = new();
        using CancellationTokenRegistration registration = lifetime.ApplicationStarted.Register(started.SetResult);
        Task<int> gridEnd = grid.RunTwinGridAsync();
        if (await Task.WhenAny(started.Task, gridEnd) == gridEnd)
        {
            return await gridEnd;
        }

        bool good;
        try
        {
            good = await RunFarmAsync(options, log, grid);
        }
        finally
        {
            lifetime.StopApplication();
            await gridEnd;
        }

        return good ? 0 : 1;
    }

    private static async Task<bool> RunFarmAsync(FarmOptions options, IReadOnlyList<ScadaRow>? log, WebApplication grid)
    {
        TimeProvider time = TimeProvider.System;
        IPEndPoint listener = grid.Services.GetRequiredService<MqttGatewayEndpoint>().Bound
            ?? throw new IOException("this sample needs the MQTT listener: TwinGrid:Mqtt:Port must not be -1");
        using CancellationTokenSource stop =
            CancellationTokenSource.CreateLinkedTokenSource(grid.Lifetime.ApplicationStopping);
        await using FarmWatch watch = new(time);
        using MessageCount messages = new(new Uri(grid.Urls.First()), time);
        await watch.ConnectAsync(listener, stop.Token);

        BearingFault fault = new(time, Turbines);
        List<Device> devices = log is null
            ? Farm(options.Seed, fault, listener, time)
            : [new ScadaDevice(log, options.Speed, listener, time)];
        Task running = Task.WhenAll(devices.Select(device => device.RunAsync(stop.Token)));
        if (!await FirstPictureAsync(watch, devices.Count, time, stop.Token))
        {
            return false;
        }

        double startSeconds = (time.GetLocalNow() - Process.GetCurrentProcess().StartTime).TotalSeconds;
        await messages.ReadAsync(CancellationToken.None);
        long messagesBefore = messages.Latest;
        watch.Begin();
        fault.Begin();
        if (options.Seconds is double seconds)
        {
            stop.CancelAfter(TimeSpan.FromSeconds(seconds));
        }

        FarmScreen screen = Console.IsOutputRedirected
            ? new PlainScreen(watch, messages, time)
            : new LiveScreen(watch, messages, time);
        Task shown = Task.WhenAll(screen.ShowAsync(stop.Token), messages.RunAsync(stop.Token));
        await Task.WhenAny(shown, running);
        double shownSeconds = watch.Seconds;
        await stop.CancelAsync();
        await Task.WhenAll(shown, running);
        foreach (Device device in devices)
        {
            await device.DisposeAsync();
        }

        Summary summary = new(watch, messages.Latest - messagesBefore, shownSeconds, startSeconds);
        return summary.Print(isReplay: log is not null);
    }

    private static WebApplication BuildGrid(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

        // First in the list, so that environment and command line win over them.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["TwinGrid:DataDirectory"] = "./twingrid-data/windfarm",
                ["TwinGrid:DefinitionsDirectory"] = Path.Combine(AppContext.BaseDirectory, "definitions"),
                ["Logging:LogLevel:Default"] = "Warning",

                // Orleans' watchdog takes the time since the machine's boot for its own first check.
                ["Logging:LogLevel:Orleans.Runtime.Watchdog"] = "Error",
            },
        });
        builder.AddTwinGridSilo();
        builder.UseTwinGridHttp();
        WebApplication app = builder.Build();
        app.MapTwinGrid();
        return app;
    }

    private static List<Device> Farm(int seed, BearingFault fault, IPEndPoint listener, TimeProvider time)
    {
        WindField wind = new(seed);
        return
        [
            .. Enumerable.Range(1, Turbines).Select(
                number => new TurbineDevice(number, seed, wind, fault, listener, time)),
            .. Enumerable.Range(1, Masts).Select(number => new MastDevice(number, wind, listener, time)),
        ];
    }

    // The first live picture stands when the grid has published a state of every twin; false after Ctrl-C before it.
    private static async Task<bool> FirstPictureAsync(
        FarmWatch watch, int twins, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        using PeriodicTimer timer = new(LookEvery, time);
        while (watch.Twins.Count < twins)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return false;
            }

            if (time.GetElapsedTime(started) > FirstPictureWithin)
            {
                throw new IOException(FormattableString.Invariant(
                    $"only {watch.Twins.Count} of {twins} twins after {FirstPictureWithin.TotalSeconds:0} s"));
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        return true;
    }
}
