using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using HdrHistogram;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// One MQTT 3.1.1 connection on a plain socket: MQTTnet's client costs more CPU than the grid that it would measure.
/// One caller appends and flushes, another receives; they meet in a lock.
/// </summary>
/// <remarks>
/// With QoS 0 nothing is acknowledged; a PINGREQ behind the messages takes that place: its answer says that the
/// listener has read them. No latency is recorded then.
/// </remarks>
internal sealed class LoadConnection : IDisposable
{
    // Microseconds, up to a minute, three digits.
    private const long LongestMicroseconds = 60_000_000;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Lock _sync = new();
    private readonly PacketBuffer _out = new();
    private readonly PacketReader _in = new();
    private readonly PacketIds _ids = new();
    private readonly LoadDevice[] _devices;
    private readonly int _qos;
    private int _nextDevice;
    private int _unpinged;
    private int _pinged;
    private long _measuredFrom = long.MaxValue;
    private long _measuredUntil = long.MaxValue;

    /// <summary>Makes a connection for some devices.</summary>
    public LoadConnection(LoadDevice[] devices, int qos)
    {
        _devices = devices;
        _qos = qos;
    }

    /// <summary>The latencies in microseconds of the messages that should have left while it was measured.</summary>
    public LongHistogram Latencies { get; } = NewHistogram();

    /// <summary>Messages written so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages that should have left while it was measured.</summary>
    public long Measured { get; private set; }

    /// <summary>Messages acknowledged so far.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Messages on their way.</summary>
    public long InFlight
    {
        get
        {
            lock (_sync)
            {
                return Sent - Acknowledged;
            }
        }
    }

    /// <summary>An empty histogram of latencies in microseconds.</summary>
    public static LongHistogram NewHistogram() => new(LongestMicroseconds, 3);

    /// <summary>Connects and waits for the CONNACK.</summary>
    public async Task ConnectAsync(Uri target, string clientId, CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(target.Host, target.Port, cancellationToken);
        _out.Connect(clientId);
        await FlushAsync(cancellationToken);
        while (true)
        {
            await ReceiveSomeAsync(cancellationToken);
            if (_in.TryRead(out Packet packet))
            {
                if (packet.First != 0x20 || packet.Body.Length != 2 || packet.Body[1] != 0)
                {
                    throw new InvalidDataException($"{target} did not accept the connection of {clientId}");
                }

                return;
            }
        }
    }

    /// <summary>Writes the next device's message; it leaves with the next flush.</summary>
    /// <param name="intended">When it should leave, a <see cref="Stopwatch"/> timestamp: latency begins here.</param>
    /// <param name="unixMilliseconds">Its source time.</param>
    /// <returns>False when the connection has no packet id left: the grid is hopelessly behind.</returns>
    public bool TryAppend(long intended, long unixMilliseconds)
    {
        lock (_sync)
        {
            LoadDevice device = _devices[_nextDevice];
            ushort id = 0;
            if (_qos > 0 && !_ids.TryTake(device, intended, out id))
            {
                return false;
            }

            device.Publish(_out, id, unixMilliseconds);
            _nextDevice = _nextDevice + 1 == _devices.Length ? 0 : _nextDevice + 1;
            _unpinged++;
            Sent++;
            Measured += IsMeasured(intended) ? 1 : 0;
            return true;
        }
    }

    /// <summary>Sends what the socket takes now; what it does not take leaves with the next flush.</summary>
    public void Flush()
    {
        lock (_sync)
        {
            PingBehindMessages();
            while (!_out.Pending.IsEmpty)
            {
                int sent = _socket.Send(_out.Pending.Span, SocketFlags.None, out SocketError error);
                if (error == SocketError.WouldBlock)
                {
                    return;
                }

                if (error != SocketError.Success)
                {
                    throw new SocketException((int)error);
                }

                _out.Sent(sent);
            }
        }
    }

    /// <summary>Sends all that waits; only for a caller that appends and receives itself.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        PingBehindMessages();
        while (!_out.Pending.IsEmpty)
        {
            _out.Sent(await _socket.SendAsync(_out.Pending, cancellationToken));
        }
    }

    /// <summary>Makes <see cref="Flush"/> return at once when the socket is full.</summary>
    public void NeverBlock() => _socket.Blocking = false;

    /// <summary>Waits for bytes of the grid and takes the acknowledgements in them.</summary>
    /// <returns>How many messages they acknowledge.</returns>
    public async ValueTask<int> ReceiveAsync(CancellationToken cancellationToken)
    {
        await ReceiveSomeAsync(cancellationToken);
        lock (_sync)
        {
            int count = 0;
            long now = Stopwatch.GetTimestamp();
            while (_in.TryRead(out Packet packet))
            {
                count += packet.First switch
                {
                    0x40 => Take(BinaryPrimitives.ReadUInt16BigEndian(packet.Body), now),
                    0xD0 => TakePing(),
                    _ => throw new InvalidDataException($"The grid sent a packet of type 0x{packet.First:X2}"),
                };
            }

            Acknowledged += count;
            return count;
        }
    }

    /// <summary>Counts the messages from this <see cref="Stopwatch"/> timestamp on.</summary>
    public void MeasureFrom(long timestamp)
    {
        lock (_sync)
        {
            _measuredFrom = timestamp;
        }
    }

    /// <summary>Counts the messages before this timestamp, whenever they are acknowledged.</summary>
    public void MeasureUntil(long timestamp)
    {
        lock (_sync)
        {
            _measuredUntil = timestamp;
        }
    }

    /// <summary>Says goodbye.</summary>
    public async Task DisconnectAsync(CancellationToken cancellationToken)
    {
        _out.Disconnect();
        await FlushAsync(cancellationToken);
        _socket.Shutdown(SocketShutdown.Both);
    }

    public void Dispose() => _socket.Dispose();

    private static long Microseconds(long ticks) => ticks * 1_000_000 / Stopwatch.Frequency;

    private bool IsMeasured(long intended) => intended >= _measuredFrom && intended < _measuredUntil;

    private async ValueTask ReceiveSomeAsync(CancellationToken cancellationToken)
    {
        int read = await _socket.ReceiveAsync(_in.Room(), SocketFlags.None, cancellationToken);
        if (read == 0)
        {
            throw new EndOfStreamException("The grid closed the connection");
        }

        _in.Received(read);
    }

    private int Take(ushort id, long now)
    {
        (LoadDevice device, long since) = _ids.Return(id);
        device.Acknowledged++;
        if (IsMeasured(since))
        {
            Latencies.RecordValue(Math.Clamp(Microseconds(now - since), 1, LongestMicroseconds));
        }

        return 1;
    }

    // One PINGREQ at a time: what is sent meanwhile is covered by the next one.
    private void PingBehindMessages()
    {
        if (_qos == 0 && _pinged == 0 && _unpinged > 0)
        {
            _out.Ping();
            (_pinged, _unpinged) = (_unpinged, 0);
        }
    }

    private int TakePing()
    {
        int covered = _pinged;
        _pinged = 0;
        return covered;
    }
}
