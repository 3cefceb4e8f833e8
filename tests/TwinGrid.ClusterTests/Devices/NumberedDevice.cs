using System.Globalization;
using MQTTnet;
using MQTTnet.Exceptions;

namespace TwinGrid.ClusterTests.Devices;

/// <summary>
/// A device that numbers its messages and keeps each until the grid acknowledged it, as a device with a buffer does:
/// after a new connection it sends the unacknowledged ones again, in order and marked as duplicates, then goes on.
/// The value of each reading is its number; a message has one of them, or an array of many.
/// </summary>
/// <param name="twin">Its twin, <c>kind/key</c>.</param>
/// <param name="epoch">The epoch that its messages name, or null for none.</param>
/// <param name="window">Messages in flight.</param>
/// <param name="batch">Readings in a message.</param>
/// <param name="pace">Between two new messages; nothing for as fast as the window lets.</param>
internal sealed class NumberedDevice(string twin, long? epoch, int window, int batch = 1, TimeSpan pace = default)
{
    private readonly Lock _sync = new();
    private readonly SortedDictionary<long, string> _unacknowledged = [];
    private readonly HashSet<long> _acknowledged = [];
    private long _highestAcknowledged;
    private long _lastTime;

    /// <summary>The name of its telemetry.</summary>
    public const string Telemetry = "n";

    /// <summary>Its twin.</summary>
    public string Twin { get; } = twin;

    /// <summary>Messages that were sent at least once: 1 to this number.</summary>
    public long Attempted { get; private set; }

    /// <summary>Readings in a message.</summary>
    public int Batch => batch;

    /// <summary>Messages that were sent again.</summary>
    public long Resent { get; private set; }

    /// <summary>Messages that were acknowledged.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_sync)
            {
                return _acknowledged.Count;
            }
        }
    }

    /// <summary>The highest number that was acknowledged; 0 for none.</summary>
    public long HighestAcknowledged
    {
        get
        {
            lock (_sync)
            {
                return _highestAcknowledged;
            }
        }
    }

    /// <summary>Sends until told to stop or until the connection breaks; the unacknowledged ones first.</summary>
    /// <param name="port">The port of the listener.</param>
    /// <param name="stop">Ends it after the messages that are in flight.</param>
    public async Task RunAsync(int port, CancellationToken stop)
    {
        await using MqttDevice connection = await MqttDevice.ConnectAsync(port, $"device-{Twin.Replace('/', '-')}");
        using var broken = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, broken.Token);
        using var slots = new SemaphoreSlim(window);
        List<KeyValuePair<long, string>> again;
        lock (_sync)
        {
            again = [.. _unacknowledged];
        }

        foreach ((long number, string payload) in again)
        {
            if (!await TakeAsync(slots, broken.Token))
            {
                break;
            }

            Resent++;
            _ = SendAsync(connection, number, payload, duplicate: true, slots, broken);
        }

        while (await TakeAsync(slots, either.Token))
        {
            (long number, string payload) = Measure();
            _ = SendAsync(connection, number, payload, duplicate: false, slots, broken);
            await Task.Delay(pace, CancellationToken.None);
        }

        for (int inFlight = 0; inFlight < window; inFlight++)
        {
            bool answered = await slots.WaitAsync(Eventually.Patience, CancellationToken.None);
            Assert.True(answered, $"{Twin}: a message got no answer");
        }
    }

    private static async Task<bool> TakeAsync(SemaphoreSlim slots, CancellationToken stop)
    {
        try
        {
            await slots.WaitAsync(stop);
            if (stop.IsCancellationRequested)
            {
                slots.Release();
                return false;
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private (long Number, string Payload) Measure()
    {
        lock (_sync)
        {
            long number = ++Attempted;
            string[] readings =
                [.. Enumerable.Range(1, batch).Select(i => Reading(((number - 1) * batch) + i))];
            string payload = batch == 1 ? readings[0] : $"[{string.Join(',', readings)}]";
            _unacknowledged.Add(number, payload);
            return (number, payload);
        }
    }

    // Microseconds apart, so that their times have the order of their numbers.
    private string Reading(long number)
    {
        string named = epoch is { } e ? string.Create(CultureInfo.InvariantCulture, $"\"epoch\":{e},") : "";
        long now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        _lastTime = Math.Max(_lastTime + 1, now);
        string head = string.Create(
            CultureInfo.InvariantCulture, $"\"source\":\"sim\",{named}\"seq\":{number},\"ts\":{_lastTime / 1000m:F3}");
        return $$"""{ {{head}}, "values": { "{{Telemetry}}": {{number}} } }""";
    }

    private async Task SendAsync(
        MqttDevice connection,
        long number,
        string payload,
        bool duplicate,
        SemaphoreSlim slots,
        CancellationTokenSource broken)
    {
        try
        {
            MqttClientPublishResult answer =
                await connection.TryPublishAsync($"twins/{Twin}/telemetry", payload, duplicate);
            if (answer.IsSuccess)
            {
                lock (_sync)
                {
                    _unacknowledged.Remove(number);
                    _acknowledged.Add(number);
                    _highestAcknowledged = Math.Max(_highestAcknowledged, number);
                }
            }
        }
        catch (Exception e) when (e is MqttCommunicationException or OperationCanceledException
            or MqttClientNotConnectedException or MqttClientDisconnectedException or ObjectDisposedException)
        {
            // The silo was killed: the message stays unacknowledged.
            broken.Cancel();
        }
        finally
        {
            slots.Release();
        }
    }
}
