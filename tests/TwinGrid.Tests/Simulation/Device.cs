namespace TwinGrid.Tests.Simulation;

/// <summary>
/// A device: numbers what it measures within its epoch, keeps it until it is acknowledged, sends it again, does a
/// command once by its id and not after its expiry, and may lose power and with it what it had not yet noted.
/// </summary>
internal sealed class Device
{
    private static readonly byte[] s_speed = "speed"u8.ToArray();

    private readonly Schedule _schedule;
    private readonly string _source;
    private readonly TimeSpan _offset;
    private readonly SortedDictionary<(long Epoch, long Seq), Measured> _unacknowledged = [];
    private readonly SortedDictionary<string, int> _owed = new(StringComparer.Ordinal);
    private readonly ReadingWriter _writer = new();
    private TwinAddress _address;
    private (long Epoch, long Seq)? _lastNoted;
    private Measured? _lastNotedReading;
    private long _epoch = 1;
    private long _seq;
    private int _left;

    public Device(Schedule schedule, TwinId twin, string source, int measurements)
    {
        _schedule = schedule;
        Twin = twin;
        _source = source;
        _address = new TwinAddress(twin);
        _left = measurements;
        _offset = World.Happens(0.3) ? World.Between(-1_500, 1_500) : World.Between(-20, 20);
        World.After(World.Between(0, 500), Measure);
    }

    public TwinId Twin { get; }

    /// <summary>Who it is connected to.</summary>
    public SimulatedSilo? Silo { get; private set; }

    public bool TakesCommands => _source.Length == 0;

    /// <summary>True when it has measured all that it will.</summary>
    public bool HasMeasured => _left == 0;

    /// <summary>True when all that it measured and did is acknowledged.</summary>
    public bool IsDone => _left == 0 && _unacknowledged.Count == 0 && _owed.Count == 0;

    private World World => _schedule.World;

    private Journal Journal => _schedule.Journal;

    private SimulationCounts Counts => _schedule.Counts;

    // Its clock is off by at most 1.5 s; the tolerance of expiry is 2 s.
    private long Now => UnixMicroseconds.From(_schedule.WallClock + _offset);

    public override string ToString() =>
        $"{Twin} {_source}: {_left} to measure, {_unacknowledged.Count} not acknowledged, {_owed.Count} answers owed";

    /// <summary>Connects to some silo; the gateway then asks its twin for what waits.</summary>
    public void Connect()
    {
        Silo = _schedule.SomeSilo();
        _address = new TwinAddress(Twin);
        if (Silo is { } silo && TakesCommands)
        {
            _schedule.Network.Carry(() => silo.Process.Pool.Run(() => RedeliverAsync(silo)));
        }
    }

    /// <summary>Its power goes and comes: a new epoch, and the last acknowledgement may not have been noted.</summary>
    public void Restart()
    {
        Counts.DeviceRestarts++;
        _epoch++;
        _seq = 0;
        if (_lastNoted is { } last && World.Happens(0.5))
        {
            Expect(last, _lastNotedReading!);
        }

        Connect();
    }

    /// <summary>A command came from a gateway.</summary>
    public void Receive(CommandMessage command, SimulatedSilo silo)
    {
        CommandDeliveredInput delivered = new(command.Id);
        _schedule.Network.Carry(() => Arrive(silo, now => PackedInputs.Pack(
            InputKind.CommandDelivered, now, delivered, TwinGridJson.Default.CommandDeliveredInput), _ => { }));
        if (Journal.Executions.ContainsKey(command.Id))
        {
            return;
        }

        if (Now > UnixMicroseconds.From(command.ExpiresAt) && _schedule.Mutation.LooksAtExpiry)
        {
            Counts.NotExecutedLate++;
            return;
        }

        Counts.Executions++;
        Journal.Executions.Add(command.Id, [UnixMicroseconds.From(_schedule.WallClock)]);
        if (UnixMicroseconds.From(_schedule.WallClock) > UnixMicroseconds.From(command.ExpiresAt.AddSeconds(2)))
        {
            Journal.Wrongs.Add($"C8 command {command.Id} was done after its expiry {command.ExpiresAt:O}");
        }

        _owed.Add(command.Id, 0);
        SendResult(command.Id);
    }

    private void Measure()
    {
        if (_left == 0)
        {
            return;
        }

        _left--;
        Counts.Messages++;
        Measured reading = new(Twin, new Identity(_source, _epoch, _seq++), Now, World.Chance.Next(1, 1_000));
        Journal.Attempted.Add((Twin, reading.Identity), reading);
        Expect((reading.Identity.Epoch, reading.Identity.Seq), reading);
        World.After(World.Happens(0.1) ? World.Between(0, 5_000) : World.Between(0, 400), Measure);
    }

    private void Expect((long Epoch, long Seq) key, Measured reading)
    {
        if (_unacknowledged.TryAdd(key, reading))
        {
            Send(key, reading);
        }
    }

    private void Send((long Epoch, long Seq) key, Measured reading)
    {
        if (Silo is null or { Process.IsDead: true })
        {
            Connect();
        }

        if (Silo is { } silo)
        {
            TwinAddress address = _address;
            _schedule.Network.Carry(() => Arrive(
                silo,
                now => Pack(reading, now),
                result => Answered(key, reading, result),
                address,
                reading.Identity));
        }

        World.After(World.Between(500, 4_000), () =>
        {
            if (_unacknowledged.TryGetValue(key, out Measured? still) && still == reading)
            {
                Counts.Resends++;
                Send(key, reading);
            }
        });
    }

    private void SendResult(string id)
    {
        if (!_owed.ContainsKey(id))
        {
            return;
        }

        if (Silo is { } silo)
        {
            CommandResultInput result = new(id, CommandStatus.Succeeded);
            _schedule.Network.Carry(() => Arrive(
                silo,
                now => PackedInputs.Pack(
                    InputKind.CommandResult, now, result, TwinGridJson.Default.CommandResultInput),
                answer => Settle(id, answer)));
        }

        World.After(World.Between(300, 2_000), () => SendResult(id));
    }

    private void Settle(string id, IngestResult answer)
    {
        if (answer.Status is IngestStatus.Accepted or IngestStatus.UnknownTwin)
        {
            _schedule.Network.Carry(() => _owed.Remove(id));
        }
    }

    private void Answered((long Epoch, long Seq) key, Measured reading, IngestResult result)
    {
        if (result.Status != IngestStatus.Accepted)
        {
            return;
        }

        Counts.Acknowledged++;
        Journal.Acknowledged.Add((Twin, reading.Identity));
        Journal.Heard(Twin, result.Revision);
        _schedule.Network.Carry(() =>
        {
            if (_unacknowledged.Remove(key))
            {
                (_lastNoted, _lastNotedReading) = (key, reading);
            }
        });
    }

    private byte[] Pack(Measured reading, long received)
    {
        _writer.Clear();
        _writer.BeginMessage(new MessageHeader
        {
            Received = received,
            Source = _source,
            Epoch = reading.Identity.Epoch,
            Seq = reading.Identity.Seq,
            Time = reading.Time,
        });
        _writer.Number(s_speed, reading.Value);
        _writer.EndMessage();
        return _writer.Written.ToArray();
    }

    private void Arrive(
        SimulatedSilo silo,
        Func<long, byte[]> pack,
        Action<IngestResult> answered,
        TwinAddress? address = null,
        Identity? reading = null) => silo.Process.Pool.Post(() =>
        {
            long now = silo.Runtime.Now;
            Arrival arrival = Journal.Arrived(Twin, silo.Incarnation, reading, now);
            silo.Road.Send(new Publish(address ?? new TwinAddress(Twin), pack(now), result =>
            {
                Journal.Answered(arrival, result.Status);
                answered(result);
            }));
        });

    private async Task RedeliverAsync(SimulatedSilo silo)
    {
        for (int i = 0; i < 10 && Silo == silo; i++)
        {
            try
            {
                await silo.Twin(Twin).RedeliverAsync("device");
                return;
            }
            catch (Exception)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), silo.Process.Clock);
            }
        }
    }

    private sealed class Publish(TwinAddress address, byte[] inputs, Action<IngestResult> answered) : IngestMessage
    {
        public override TwinAddress Address => address;

        public override ReadOnlyMemory<byte> Inputs => inputs;

        public override void Finished(in IngestResult result) => answered(result);
    }
}
