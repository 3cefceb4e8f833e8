using System.Globalization;

namespace WindFarm.Watching;

/// <summary>
/// How many MQTT messages the grid has taken, read once a second where anybody can read it: <c>/metrics</c>.
/// </summary>
internal sealed class MessageCount : IDisposable
{
    private const string Metric = "twingrid_mqtt_messages_total{";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private long _latest;

    /// <summary>Makes a count.</summary>
    /// <param name="web">The grid's web address.</param>
    /// <param name="time">The clock.</param>
    public MessageCount(Uri web, TimeProvider time)
    {
        _http = new HttpClient { BaseAddress = web, Timeout = TimeSpan.FromSeconds(5) };
        _time = time;
    }

    /// <summary>Messages since the grid started, as last read.</summary>
    public long Latest => Volatile.Read(ref _latest);

    /// <summary>Reads now.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        string metrics = await _http.GetStringAsync("/metrics", cancellationToken);

        // One line per use of a message: twingrid_mqtt_messages_total{…,use="telemetry"} 4711
        long count = metrics.Split('\n')
            .Where(line => line.StartsWith(Metric, StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
        Volatile.Write(ref _latest, count);
    }

    /// <summary>Reads once a second until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using PeriodicTimer timer = new(Period, _time);
            do
            {
                await ReadAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    public void Dispose() => _http.Dispose();
}
