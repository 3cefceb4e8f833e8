using System.Net;
using Microsoft.Extensions.Options;
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
        TimeProvider time = TimeProvider.System;
        await using WebApplication grid = BuildGrid(args);
        await grid.StartAsync();
        IPEndPoint listener = grid.Services.GetRequiredService<MqttAddress>().EndPoint;

        await using FarmWatch watch = new(time);
        await watch.ConnectAsync(listener, grid.Lifetime.ApplicationStopping);
        BearingFault fault = new(time, Turbines);
        IReadOnlyList<Device> devices = log is null
            ? Farm(options.Seed, fault, listener, time)
            : [new ScadaDevice(log, options.Speed, listener, time)];

        using CancellationTokenSource stop =
            CancellationTokenSource.CreateLinkedTokenSource(grid.Lifetime.ApplicationStopping);
        Task running = Task.WhenAll(devices.Select(device => device.RunAsync(stop.Token)));
        await FirstPictureAsync(watch, devices.Count, time, stop.Token);
        watch.Begin();
        fault.Begin();

        if (options.Seconds is double seconds)
        {
            stop.CancelAfter(TimeSpan.FromSeconds(seconds));
        }

        FarmScreen screen = Console.IsOutputRedirected ? new PlainScreen(watch, time) : new LiveScreen(watch, time);
        Task shown = screen.ShowAsync(stop.Token);
        await Task.WhenAny(shown, running);
        await stop.CancelAsync();
        await shown;
        await running;

        double shownSeconds = watch.Seconds;
        foreach (Device device in devices)
        {
            await device.DisposeAsync();
        }

        bool good = Summary.Print(watch, shownSeconds, isReplay: log is not null);
        await grid.StopAsync();
        return good ? 0 : 1;
    }

    #region readme-embed-silo
    private static WebApplication BuildGrid(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.AddTwinGridSilo();
        WebApplication app = builder.Build();
        app.MapTwinGrid();
        return app;
    }
    #endregion

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

    // The first live picture stands when the grid has published a state of every twin.
    private static async Task FirstPictureAsync(
        FarmWatch watch, int twins, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (watch.Twins.Count < twins)
        {
            if (time.GetElapsedTime(started) > FirstPictureWithin)
            {
                throw new IOException(FormattableString.Invariant(
                    $"only {watch.Twins.Count} of {twins} twins after {FirstPictureWithin.TotalSeconds:0} s"));
            }

            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }
}
