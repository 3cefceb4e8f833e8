using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using WindFarm.Simulation;

namespace WindFarm.Devices;

/// <summary>
/// A turbine's controller: uploads what it buffered before it was connected, then publishes four times a second, and
/// obeys <c>derate {"limit": share of rated power}</c>.
/// </summary>
internal sealed class TurbineDevice : Device
{
    private const double BufferedSeconds = 600;
    private const double BufferedEvery = 3;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private readonly int _number;
    private readonly WindField _wind;
    private readonly BearingFault _fault;
    private readonly Turbine _turbine;
    private readonly Lock _turbineLock = new();
    private readonly long _started;
    private bool _uploaded;

    /// <summary>Makes the controller of one turbine.</summary>
    /// <param name="number">From 1; the twin is <c>turbine/t01</c> and so on.</param>
    /// <param name="seed">Chance of the whole farm.</param>
    /// <param name="wind">The wind over the farm.</param>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="listener">Where the grid listens.</param>
    /// <param name="time">The clock.</param>
    public TurbineDevice(
        int number, int seed, WindField wind, BearingFault fault, IPEndPoint listener, TimeProvider time)
        : base($"turbine/t{number:00}", listener, time)
    {
        _number = number;
        _wind = wind;
        _fault = fault;
        _turbine = new Turbine(seed * 1009 + number);
        _started = time.GetTimestamp();
    }

    private double Seconds => Time.GetElapsedTime(_started).TotalSeconds;

    protected override async Task PublishReadingsAsync(CancellationToken cancellationToken)
    {
        if (!_uploaded)
        {
            await PublishAsync("telemetry", Buffered(), cancellationToken);
            _uploaded = true;
        }

        using PeriodicTimer timer = new(Period, Time);
        double last = Seconds;
        double frictionBefore = 1;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            double now = Seconds;
            double friction = _fault.FrictionOf(_number);
            TurbineReading reading;
            lock (_turbineLock)
            {
                // The crew that greases a bearing sets the turbine back to full power before it leaves.
                if (friction < frictionBefore)
                {
                    _turbine.Derate(1);
                }

                reading = _turbine.Step(now - last, _wind.SpeedAt(now, _number), friction);
            }

            (last, frictionBefore) = (now, friction);
            await PublishAsync("telemetry", Message(reading, Time.GetUtcNow()), cancellationToken);
        }
    }

    protected override async Task<string?> ObeyAsync(string name, JsonElement args)
    {
        if (name != "derate")
        {
            return await base.ObeyAsync(name, args);
        }

        if (!args.TryGetProperty("limit", out JsonElement limit)
            || limit.ValueKind != JsonValueKind.Number
            || limit.GetDouble() is < 0 or > 1)
        {
            return "derate takes {\"limit\": a share of rated power from 0 to 1}";
        }

        lock (_turbineLock)
        {
            _turbine.Derate(limit.GetDouble());
        }

        while (IsPitching())
        {
            await Task.Delay(Period, Time);
        }

        return null;
    }

    private bool IsPitching()
    {
        lock (_turbineLock)
        {
            return _turbine.IsPitching;
        }
    }

    // What the controller measured in the ten minutes before it was connected, as one batch marked historical.
    private JsonArray Buffered()
    {
        JsonArray batch = [];
        DateTimeOffset now = Time.GetUtcNow();
        for (double ago = BufferedSeconds; ago > 0; ago -= BufferedEvery)
        {
            TurbineReading reading = _turbine.Step(BufferedEvery, _wind.SpeedAt(-ago, _number), friction: 1);
            JsonObject message = Message(reading, now.AddSeconds(-ago));
            message["historical"] = true;
            batch.Add(message);
        }

        return batch;
    }

    private JsonObject Message(in TurbineReading reading, DateTimeOffset at) => new()
    {
        ["ts"] = Milliseconds(at),
        ["epoch"] = Epoch,
        ["seq"] = ++Sequence,
        ["windSpeed"] = Math.Round(reading.WindSpeed, 2),
        ["power"] = Math.Round(reading.Power, 1),
        ["theoreticalPower"] = Math.Round(reading.TheoreticalPower, 1),
        ["rotorSpeed"] = Math.Round(reading.RotorSpeed, 2),
        ["bearingTemperature"] = Math.Round(reading.BearingTemperature, 2),
        ["vibration"] = Math.Round(reading.Vibration, 3),
    };
}
