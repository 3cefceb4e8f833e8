using System.Net;
using System.Text.Json.Nodes;
using WindFarm.Devices;

namespace WindFarm.Scada;

/// <summary>
/// Feeds the rows of a SCADA log as the readings of one turbine: the times of the rows are moved so that the first is
/// now, and divided by a speed.
/// </summary>
internal sealed class ScadaDevice : Device
{
    /// <summary>Its twin.</summary>
    public const string Twin = "turbine/scada";

    private readonly IReadOnlyList<ScadaRow> _rows;
    private readonly double _speed;
    private int _next;

    /// <summary>Makes the device.</summary>
    /// <param name="rows">What it feeds, in the order of time.</param>
    /// <param name="speed">How many times faster than the log; with 600 a row of ten minutes takes a second.</param>
    /// <param name="listener">Where the grid listens.</param>
    /// <param name="time">The clock.</param>
    public ScadaDevice(IReadOnlyList<ScadaRow> rows, double speed, IPEndPoint listener, TimeProvider time)
        : base(Twin, listener, time)
    {
        _rows = rows;
        _speed = speed;
    }

    protected override async Task PublishReadingsAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset start = Time.GetUtcNow() - SinceFirst(_next);
        while (_next < _rows.Count)
        {
            DateTimeOffset at = start + SinceFirst(_next);
            TimeSpan wait = at - Time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, Time, cancellationToken);
            }

            await PublishAsync("telemetry", Message(_rows[_next], at), cancellationToken);
            _next++;
        }
    }

    private TimeSpan SinceFirst(int row) => (_rows[row].Time - _rows[0].Time) / _speed;

    private JsonObject Message(in ScadaRow row, DateTimeOffset at) => new()
    {
        ["ts"] = Milliseconds(at),
        ["epoch"] = Epoch,
        ["seq"] = ++Sequence,
        ["windSpeed"] = row.WindSpeed,
        ["power"] = row.Power,
        ["theoreticalPower"] = row.TheoreticalPower,
        ["windDirection"] = row.WindDirection,
    };
}
