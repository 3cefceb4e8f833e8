using System.Diagnostics;
using System.Globalization;
using System.Net;
using MQTTnet.Exceptions;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>
/// Devices that send all the time, through whichever silo there is, and people who ask the silos that are not being
/// stopped: who must not notice that silos come and go.
/// </summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private const int Window = 10;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BetweenConnections = TimeSpan.FromMilliseconds(50);

    private readonly ClusterOfSilos _cluster;
    private readonly int _callers;
    private readonly NumberedDevice[] _devices;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failures = [];
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private volatile IReadOnlyList<SiloProcess> _through;
    private long _calls;
    private TimeSpan _longestGap;

    private ClusterLoad(ClusterOfSilos cluster, int devices, int callers)
    {
        _cluster = cluster;
        _callers = callers;
        _through = cluster.Silos;
        _devices =
        [
            .. Enumerable.Range(0, devices)
                .Select(static i => new NumberedDevice($"engine/e{i}", 1, Window, pace: Pace)),
        ];
    }

    /// <summary>Calls by HTTP that were answered as they should.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Calls that were not.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_lock)
            {
                return [.. _failures];
            }
        }
    }

    /// <summary>The longest time between two answers of one twin since this was last asked.</summary>
    public TimeSpan TakeLongestGap()
    {
        lock (_lock)
        {
            (TimeSpan longest, _longestGap) = (_longestGap, TimeSpan.Zero);
            return longest;
        }
    }

    /// <summary>Ends when there have been so many more answers for each caller.</summary>
    public async Task GoOnAsync(int answers)
    {
        long enough = Calls + ((long)answers * _callers);
        await Eventually.HoldsAsync("more answers", () => Calls >= enough);
    }

    /// <summary>Readings that were acknowledged.</summary>
    public long Acknowledged => _devices.Sum(static d => (long)d.Acknowledged);

    /// <summary>Readings that their device had to send again.</summary>
    public long Resent => _devices.Sum(static d => d.Resent);

    /// <summary>Begins; ends when every device has been heard.</summary>
    public static async Task<ClusterLoad> StartAsync(ClusterOfSilos cluster, int devices, int callers)
    {
        ClusterLoad load = new(cluster, devices, callers);
        load._running = Task.WhenAll(
        [
            .. load._devices.Select((device, i) => load.SendAsync(device, i)),
            .. Enumerable.Range(0, callers).Select(load.CallAsync),
        ]);
        await Eventually.HoldsAsync(
            "every device heard", () => load._devices.All(static d => d.Acknowledged > 0) && load.Calls > callers);
        return load;
    }

    /// <summary>From now on people ask through these silos.</summary>
    public void AskThrough(IEnumerable<SiloProcess> silos) => _through = [.. silos];

    /// <summary>Ends the load and judges what the grid has: each acknowledged reading, once and in order.</summary>
    public async Task CheckAsync(SiloProcess silo)
    {
        await _stop.CancelAsync();
        await _running;
        foreach (NumberedDevice device in _devices)
        {
            // The last of them were sent and perhaps not answered before a connection broke.
            var twin = (await silo.Api.TwinAsync(device.Twin))!.Value;
            long number = twin.Source("sim")!.Value.GetProperty("seq").GetInt64();
            Assert.InRange(number, device.HighestAcknowledged, device.Attempted);
            Assert.Equal(number, twin.Telemetry(NumberedDevice.Telemetry)!.Value.GetProperty("count").GetInt64());
            Assert.Equal(number, twin.Number(NumberedDevice.Telemetry));
            Assert.Equal(0, twin.Counter("late"));
            Assert.Equal(0, twin.Counter("rejected"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task SendAsync(NumberedDevice device, int index)
    {
        using PeriodicTimer pace = new(BetweenConnections);
        for (int n = index; !_stop.IsCancellationRequested; n++)
        {
            IReadOnlyList<SiloProcess> silos = _cluster.Silos;
            try
            {
                await device.RunAsync(silos[n % silos.Count].MqttPort, _stop.Token);
            }
            catch (Exception e) when (e is MqttCommunicationException or OperationCanceledException
                or System.Net.Sockets.SocketException or MqttClientDisconnectedException)
            {
                // That silo is gone: the next.
                await pace.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }

    private async Task CallAsync(int caller)
    {
        string twin = $"pump/called{caller}";
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(40));
        long last = Stopwatch.GetTimestamp();
        for (int n = 1; !_stop.IsCancellationRequested; n++)
        {
            IReadOnlyList<SiloProcess> through = _through;
            SiloProcess silo = through[(caller + n) % through.Count];
            if (await AskAsync(silo, twin, n))
            {
                Interlocked.Increment(ref _calls);
                lock (_lock)
                {
                    TimeSpan gap = Stopwatch.GetElapsedTime(last);
                    _longestGap = gap > _longestGap ? gap : _longestGap;
                }

                last = Stopwatch.GetTimestamp();
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<bool> AskAsync(SiloProcess silo, string twin, int n)
    {
        try
        {
            string body = string.Create(CultureInfo.InvariantCulture, $$"""{"vibration":{{n % 10}}}""");
            ApiAnswer answer = n % 2 == 1
                ? await silo.Api.PostTelemetryAsync(twin, body)
                : await silo.Api.SendAsync(HttpMethod.Get, $"/api/v1/twins/{twin}");
            if (answer.Status is HttpStatusCode.NoContent or HttpStatusCode.OK)
            {
                return true;
            }

            Fail($"{twin} {(n % 2 == 1 ? "POST" : "GET")}: {(int)answer.Status} {answer.Text}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or ObjectDisposedException)
        {
            Fail($"{twin}: {e.Message}");
        }

        return false;
    }

    private void Fail(string failure)
    {
        lock (_lock)
        {
            _failures.Add(failure);
        }
    }
}
