using System.Diagnostics;
using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Mutants;

namespace TwinGrid.FaultTests.Devices;

/// <summary>
/// A device: measures in batches, keeps each until it is acknowledged, sends what is left first when it comes back,
/// goes to another gateway when its own is silent, and does each command once. Thread-safe.
/// </summary>
internal sealed class SimulatedDevice(DeviceSetup setup) : IDisposable
{
    private const int LateEvery = 10;
    private const long LateBy = 2_000_000;

    private static readonly TimeSpan ConnectsWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PingsEvery = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan AwakeFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan AsleepFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan HeldPast = TimeSpan.FromSeconds(3);

    private readonly Lock _sync = new();
    private readonly Dictionary<int, object> _inFlight = [];
    private readonly Dictionary<string, DateTimeOffset> _results = new(StringComparer.Ordinal);
    private DeviceMemory _memory = new(setup.Memory);
    private MqttLink? _link;
    private int _gateway = setup.Index - 1;
    private long _oldestSent = long.MaxValue;
    private bool _hasNoLink;
    private bool _isOff;

    /// <summary>Its twin.</summary>
    public string Twin => setup.History.Twin;

    /// <summary>False once it is to send only what is left.</summary>
    public bool IsMeasuring { get; set; } = true;

    /// <summary>Connections that it has had.</summary>
    public int Connections { get; private set; }

    /// <summary>Messages that it sent again.</summary>
    public long SentAgain { get; private set; }

    /// <summary>Messages, and answers to commands, that are not acknowledged.</summary>
    public int Left
    {
        get
        {
            lock (_sync)
            {
                return _memory.Unacknowledged.Count + _results.Count;
            }
        }
    }

    /// <summary>Epochs that it began with messages of an older one still to send.</summary>
    public int RestartsWithMessages { get; private set; }

    /// <summary>It is not connected until <see cref="Restart"/>.</summary>
    public void LoseLink()
    {
        lock (_sync)
        {
            _hasNoLink = true;
            _link?.Close();
        }
    }

    /// <summary>It is off until <see cref="Restart"/>: it measures nothing and hears nothing.</summary>
    public void LosePower()
    {
        lock (_sync)
        {
            _hasNoLink = true;
            _isOff = true;
            _link?.Close();
        }
    }

    /// <summary>Its power is back: it knows what is in its file, and begins an epoch.</summary>
    public void Restart()
    {
        lock (_sync)
        {
            _memory.Dispose();
            _results.Clear();
            _memory = new DeviceMemory(setup.Memory);
            RestartsWithMessages += _memory.Unacknowledged.Count > 0 ? 1 : 0;
            _memory.Restart();
            _hasNoLink = false;
            _isOff = false;
        }
    }

    /// <summary>Runs until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(MeasureAsync(stop), ConnectAsync(stop));

    public void Dispose()
    {
        lock (_sync)
        {
            _isOff = true;
            _memory.Dispose();
        }
    }

    // A device measures whether it is connected or not.
    private async Task MeasureAsync(CancellationToken stop)
    {
        using PeriodicTimer timer = new(setup.Period);
        int round = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                lock (_sync)
                {
                    Tick(++round);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            MqttLink? link = null;
            try
            {
                link = _hasNoLink ? null : await TryConnectAsync(++_gateway % setup.Gateways.Count, stop);
                if (link is null)
                {
                    await Task.Delay(BetweenTries, stop);
                    continue;
                }

                await ServeAsync(link, stop);
            }
            catch (OperationCanceledException)
            {
                // The connection is over, or all is.
            }
            finally
            {
                if (link is not null)
                {
                    End();
                    await link.DisposeAsync();
                }
            }
        }
    }

    private Task<MqttLink?> TryConnectAsync(int gateway, CancellationToken stop) => MqttLink.TryConnectAsync(
        setup.Gateways[gateway], $"device-{setup.Index:000}", setup.Version,
        new MqttEvents(
            Acknowledged,
            (link, packet, topic, payload) => Received(new CommandPacket(link, gateway, packet), topic, payload)),
        ConnectsWithin, stop);

    private async Task ServeAsync(MqttLink link, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, link.Closed);
        if (!TryBegin(link))
        {
            return;
        }

        using PeriodicTimer timer = new(LooksEvery);
        long pinged = Stopwatch.GetTimestamp();
        while (await timer.WaitForNextTickAsync(either.Token))
        {
            lock (_sync)
            {
                long silentSince = Math.Max(link.LastHeard, _oldestSent);
                if (_oldestSent != long.MaxValue && Stopwatch.GetElapsedTime(silentSince) > Patience)
                {
                    link.Close();
                }
            }

            if (setup.Sleeps && IsMeasuring && Stopwatch.GetElapsedTime(link.Began) > AwakeFor)
            {
                link.Close();
                await Task.Delay(AsleepFor, stop);
            }

            if (Stopwatch.GetElapsedTime(pinged) > PingsEvery)
            {
                pinged = Stopwatch.GetTimestamp();
                link.Ping();
            }
        }
    }

    private void End()
    {
        lock (_sync)
        {
            _link = null;
        }
    }

    // Subscribes anew each time, so that a session that is gone somewhere hurts nobody. False where it may not.
    private bool TryBegin(MqttLink link)
    {
        lock (_sync)
        {
            if (_hasNoLink)
            {
                return false;
            }

            Connections++;
            _link = link;
            _inFlight.Clear();
            _oldestSent = long.MaxValue;
            link.Subscribe($"twins/{Twin}/commands/+");
            foreach (Measurement message in _memory.Unacknowledged.ToArray())
            {
                SentAgain++;
                Send(link, setup.Mutant == Mutant.SkipDedup ? Renumbered(message) : message, duplicate: true);
            }

            foreach (string id in _results.Keys)
            {
                SendResult(link, id);
            }

            return true;
        }
    }

    private Measurement Renumbered(Measurement message)
    {
        _memory.Renumber(message);
        return _memory.Unacknowledged.First(m => m.Publisher == message.Publisher && m.First == message.First);
    }

    private void Tick(int round)
    {
        if (!IsMeasuring || _isOff)
        {
            return;
        }

        if (_memory.Unacknowledged.Count >= setup.Window && setup.Mutant == Mutant.DropOldest)
        {
            Measurement oldest = _memory.Unacknowledged[0];
            _memory.Acknowledge(oldest);
            setup.History.Acknowledge(oldest, Stopwatch.GetTimestamp());
        }

        if (_memory.Unacknowledged.Count < setup.Window)
        {
            Measure(Publisher.Live, setup.Batch);
            if (round % LateEvery == 0)
            {
                Measure(Publisher.Late, 1);
            }
        }
    }

    private void Measure(Publisher publisher, int count)
    {
        long first = publisher == Publisher.Late
            ? _memory.LastLiveTime - LateBy
            : Math.Max(
                Now() - ((count - 1) * Measurement.Step), _memory.LastLiveTime + Measurement.Step);
        Measurement message = _memory.Measure(publisher, count, first);
        setup.History.Attempt(message, Stopwatch.GetTimestamp());
        if (_link is { } link)
        {
            Send(link, message, duplicate: false);
        }
    }

    private void Send(MqttLink link, Measurement message, bool duplicate)
    {
        bool lies = message.Publisher == Publisher.Late && setup.Mutant == Mutant.LateOverNewer;
        Send(link, message, "telemetry", TelemetryPayload.Write(message, lies ? 2 * LateBy : 0), duplicate);
    }

    private void SendResult(MqttLink link, string id) =>
        Send(link, id, $"results/{id}", """{"status":"succeeded"}"""u8.ToArray(), duplicate: false);

    private void Send(MqttLink link, object what, string topic, byte[] payload, bool duplicate)
    {
        int id = link.NextId();
        _inFlight[id] = what;
        _oldestSent = Math.Min(_oldestSent, Stopwatch.GetTimestamp());
        link.Publish($"twins/{Twin}/{topic}", payload, id, duplicate);
    }

    private void Acknowledged(int id, bool isTaken)
    {
        long at = Stopwatch.GetTimestamp();
        lock (_sync)
        {
            if (!isTaken)
            {
                // Sent again, with all that follows it, so that the order stays.
                _link?.Close();
                return;
            }

            if (!_inFlight.Remove(id, out object? what))
            {
                return;
            }

            _oldestSent = _inFlight.Count == 0 ? long.MaxValue : at;
            if (what is string command)
            {
                if (_results.Remove(command, out DateTimeOffset expires))
                {
                    setup.Commands.Acknowledge(new Answer(command, DateTimeOffset.UtcNow, expires));
                }
            }
            else if (what is Measurement message && _memory.Acknowledge(message))
            {
                setup.History.Acknowledge(message, at);
            }
        }
    }

    private void Received(CommandPacket packet, string topic, byte[] payload)
    {
        if (!topic.Contains("/commands/", StringComparison.Ordinal))
        {
            return;
        }

        DeviceCommand command = DeviceCommand.Read(payload);
        if (setup.Mutant is Mutant.DeliverExpired or Mutant.ExecuteExpired)
        {
            _ = HoldAsync(packet, command);
            return;
        }

        Take(packet, command);
    }

    // So comes a command that a gateway sends when its time is long over.
    private async Task HoldAsync(CommandPacket packet, DeviceCommand command)
    {
        TimeSpan left = command.ExpiresAt + HeldPast - DateTimeOffset.UtcNow;
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        Take(packet, command);
    }

    private void Take(CommandPacket packet, DeviceCommand command)
    {
        lock (_sync)
        {
            if (_isOff)
            {
                return;
            }

            (string id, long number, DateTimeOffset expires) = command;
            DateTimeOffset now = DateTimeOffset.UtcNow;
            setup.Commands.Receive(new Receipt(
                number, now, expires, packet.Gateway, packet.Link.Began, Stopwatch.GetTimestamp()));
            if ((now <= expires || setup.Mutant == Mutant.ExecuteExpired) && _memory.TryDo(id))
            {
                setup.Commands.Execute(new Execution(id, number, now, expires));
            }

            if (_memory.HasDone(id))
            {
                _results[id] = expires;
                if (ReferenceEquals(_link, packet.Link))
                {
                    SendResult(packet.Link, id);
                }
            }

            packet.Link.Acknowledge(packet.Id);
        }
    }

    private static long Now() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
