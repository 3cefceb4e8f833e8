using System.Diagnostics;
using System.Text;
using TwinGrid.FaultTests.Faults;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Devices;

/// <summary>
/// Measures how long twins cannot take readings: while it probes, every probe twin is sent a reading each 50 ms by
/// MQTT, through one gateway, and another when that one is gone or silent. Idle between faults.
/// </summary>
internal sealed class Prober(IReadOnlyList<string> twins, IReadOnlyList<GatewayDoor> gateways)
{
    private const int MostInFlight = 40;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ConnectsWithin = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly Dictionary<int, int> _inFlight = [];
    private readonly int[] _waiting = new int[twins.Count];
    private readonly long[] _last = new long[twins.Count];
    private readonly long[] _longest = new long[twins.Count];
    private readonly long[] _again = new long[twins.Count];
    private int _gateway;
    private int _lives;
    private long _sent;
    private long _end;

    /// <summary>The twins that it probes.</summary>
    public IReadOnlyList<string> Twins => twins;

    /// <summary>True when every twin took a reading since a moment.</summary>
    public bool AllSince(long moment)
    {
        lock (_sync)
        {
            return Array.TrueForAll(_last, last => last > moment);
        }
    }

    /// <summary>Probes until told to stop.</summary>
    /// <param name="gateway">The gateway to begin with, by its place in the list.</param>
    /// <param name="stop">Ends it.</param>
    public async Task ProbeAsync(int gateway, CancellationToken stop)
    {
        _gateway = gateway;
        while (!stop.IsCancellationRequested)
        {
            int life = ++_lives;
            MqttLink? link = null;
            try
            {
                link = await MqttLink.TryConnectAsync(
                    gateways[_gateway++ % gateways.Count], $"probe-{life}", 4,
                    new MqttEvents((id, _) => Acknowledged(life, id), static (_, _, _, _) => { }),
                    ConnectsWithin, stop);
                if (link is null)
                {
                    await Task.Delay(Every, stop);
                    continue;
                }

                await ServeAsync(link, stop);
            }
            catch (OperationCanceledException)
            {
                // The connection is over, or the probing is.
            }
            finally
            {
                if (link is not null)
                {
                    await link.DisposeAsync();
                }
            }
        }
    }

    /// <summary>A fault begins now: what was before does not count.</summary>
    public void Begin()
    {
        lock (_sync)
        {
            _longest.AsSpan().Clear();
            _last.AsSpan().Fill(Stopwatch.GetTimestamp());
        }
    }

    /// <summary>The fault is over.</summary>
    public void End()
    {
        lock (_sync)
        {
            _end = Stopwatch.GetTimestamp();
            _again.AsSpan().Clear();
        }
    }

    /// <summary>What the fault was to each twin up to now; one that has not come back waits to this moment.</summary>
    public IReadOnlyDictionary<string, ProbeWindow> Windows()
    {
        long now = Stopwatch.GetTimestamp();
        lock (_sync)
        {
            return twins.Index().ToDictionary(
                static twin => twin.Item,
                twin => new ProbeWindow(
                    Stopwatch.GetElapsedTime(0, Math.Max(_longest[twin.Index], now - _last[twin.Index])),
                    Stopwatch.GetElapsedTime(_end, _again[twin.Index] == 0 ? now : _again[twin.Index])));
        }
    }

    private async Task ServeAsync(MqttLink link, CancellationToken stop)
    {
        lock (_sync)
        {
            _inFlight.Clear();
            _waiting.AsSpan().Clear();
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, link.Closed);
        using PeriodicTimer timer = new(Every);
        while (await timer.WaitForNextTickAsync(either.Token))
        {
            lock (_sync)
            {
                for (int twin = 0; twin < twins.Count; twin++)
                {
                    if (_waiting[twin] < MostInFlight)
                    {
                        _waiting[twin]++;
                        int id = link.NextId();
                        _inFlight[id] = twin;
                        link.Publish(
                            $"twins/{twins[twin]}/telemetry/beat", Encoding.ASCII.GetBytes($"{++_sent}"), id);
                    }
                }
            }

            if (Stopwatch.GetElapsedTime(link.LastHeard) > Patience)
            {
                link.Close();
            }
        }
    }

    private void Acknowledged(int life, int id)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_sync)
        {
            if (life == _lives && _inFlight.Remove(id, out int twin))
            {
                _waiting[twin]--;
                _longest[twin] = Math.Max(_longest[twin], now - _last[twin]);
                _last[twin] = now;
                _again[twin] = _again[twin] == 0 ? now : _again[twin];
            }
        }
    }
}
