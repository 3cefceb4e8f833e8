using System.Net;
using System.Text.Json.Nodes;
using WindFarm.Simulation;

namespace WindFarm.Devices;

/// <summary>A met mast beside the farm: publishes the weather once a second.</summary>
internal sealed class MastDevice : Device
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly int _number;
    private readonly WindField _wind;

    /// <summary>Makes one mast.</summary>
    /// <param name="number">From 1; the twin is <c>mast/m1</c> and so on.</param>
    /// <param name="wind">The wind over the farm.</param>
    /// <param name="listener">Where the grid listens.</param>
    /// <param name="time">The clock.</param>
    public MastDevice(int number, WindField wind, IPEndPoint listener, TimeProvider time)
        : base($"mast/m{number}", listener, time)
    {
        _number = number;
        _wind = wind;
    }

    protected override async Task PublishReadingsAsync(CancellationToken cancellationToken)
    {
        long started = Time.GetTimestamp();
        using PeriodicTimer timer = new(Period, Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            double seconds = Time.GetElapsedTime(started).TotalSeconds;
            int place = 8 * (_number - 1);
            JsonObject message = new()
            {
                ["ts"] = Milliseconds(Time.GetUtcNow()),
                ["epoch"] = Epoch,
                ["seq"] = ++Sequence,
                ["windSpeed"] = Math.Round(_wind.SpeedAt(seconds, place), 2),
                ["windDirection"] = Math.Round(_wind.DirectionAt(seconds, place), 1),
                ["airTemperature"] = Math.Round(20 + 0.5 * Math.Cos(seconds / 300), 2),
                ["airPressure"] = Math.Round(1013 + 0.3 * Math.Sin(seconds / 500), 2),
            };
            await PublishAsync("telemetry", message, cancellationToken);
        }
    }
}
