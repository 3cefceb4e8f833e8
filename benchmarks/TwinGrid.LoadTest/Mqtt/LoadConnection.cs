using System.Buffers.Binary;
using System.Net.Sockets;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// One MQTT connection on a plain socket: MQTTnet's client costs more CPU than the grid that it would measure. It
/// never waits; its owner asks <see cref="SocketPoll"/> when there is something to do. Not thread-safe.
/// </summary>
/// <remarks>
/// With QoS 0 nothing is acknowledged; a PINGREQ behind the messages takes that place: its answer says that the
/// listener has read them. No latency is recorded then.
/// </remarks>
internal sealed class LoadConnection : IDisposable
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly PacketBuffer _out = new();
    private readonly PacketReader _in = new();
    private readonly InFlight _messages = new();
    private readonly LoadDevice[] _devices;
    private readonly LoadFormat _format;
    private readonly LoadTally _tally;
    private int _nextDevice;
    private int _unpinged;
    private int _pinged;

    /// <summary>Makes a connection for some devices.</summary>
    public LoadConnection(LoadDevice[] devices, LoadFormat format, LoadTally tally)
    {
        _devices = devices;
        _format = format;
        _tally = tally;
    }

    /// <summary>How many devices it has.</summary>
    public int Devices => _devices.Length;

    /// <summary>Messages written so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages on their way.</summary>
    public int InFlight { get; private set; }

    /// <summary>The server takes so many at once.</summary>
    public int MostInFlight { get; private set; }

    /// <summary>The socket, to wait for.</summary>
    public Socket Socket => _socket;

    /// <summary>Connects and waits for the CONNACK; from then on the socket never blocks.</summary>
    /// <exception cref="InvalidDataException">The server refused.</exception>
    public void Connect(Uri target, string clientId)
    {
        _socket.Connect(target.Host, target.Port);
        _socket.ReceiveTimeout = (int)AnswersWithin.TotalMilliseconds;
        _out.Connect(new ConnectSettings(clientId, _format.Version));
        while (!_out.Pending.IsEmpty)
        {
            _out.Sent(_socket.Send(_out.Pending.Span));
        }

        Packet packet;
        while (!_in.TryRead(out packet))
        {
            int read = _socket.Receive(_in.Room().Span);
            _in.Received(read > 0 ? read : throw new EndOfStreamException($"{target} closed the connection"));
        }

        ConnectAnswer answer = ConnectAnswer.Read(packet);
        if (answer.Code != 0)
        {
            throw new InvalidDataException($"{target} refused {clientId} with code 0x{answer.Code:X2}");
        }

        MostInFlight = answer.ReceiveMaximum;
        _socket.Blocking = false;
    }

    /// <summary>Writes the next device's message; it leaves with the next flush.</summary>
    /// <param name="intended">When it should leave, a timestamp: latency begins here.</param>
    /// <param name="time">13 digits: its source time in Unix milliseconds.</param>
    public void Append(long intended, ReadOnlySpan<byte> time)
    {
        LoadDevice device = _devices[_nextDevice];
        _nextDevice = _nextDevice + 1 == _devices.Length ? 0 : _nextDevice + 1;
        device.Publish(_out, _format.Qos == 0 ? (ushort)0 : _messages.Take(device, intended), time);
        Sent++;
        InFlight++;
        _unpinged++;
        _tally.NoteSent(intended);
    }

    /// <summary>Sends what the socket takes now.</summary>
    /// <returns>False when something is left: flush again when the socket can be written.</returns>
    public bool Flush()
    {
        PingBehindMessages();
        while (!_out.Pending.IsEmpty)
        {
            int sent = _socket.Send(_out.Pending.Span, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }

            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }

            _out.Sent(sent);
        }

        return true;
    }

    /// <summary>Takes the acknowledgements that have come, as many as one read brings.</summary>
    /// <param name="now">This moment's timestamp.</param>
    /// <returns>How many messages they acknowledge.</returns>
    public int Receive(long now)
    {
        int read = _socket.Receive(_in.Room().Span, SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return 0;
        }

        if (error != SocketError.Success || read == 0)
        {
            throw new EndOfStreamException("The server closed the connection");
        }

        _in.Received(read);
        int count = 0;
        while (_in.TryRead(out Packet packet))
        {
            count += packet.First switch
            {
                0x40 => Take(packet.Body, now),
                0xD0 => TakePing(),
                _ => throw new InvalidDataException($"The server sent a packet of type 0x{packet.First:X2}"),
            };
        }

        InFlight -= count;
        return count;
    }

    /// <summary>Says goodbye.</summary>
    public void Disconnect()
    {
        _out.Disconnect();
        Flush();
        _socket.Shutdown(SocketShutdown.Both);
    }

    public void Dispose() => _socket.Dispose();

    // PUBACK: the packet id, then in MQTT 5 a reason, where it is not 0; from 0x80 on it is a refusal (section 3.4).
    private int Take(ReadOnlySpan<byte> body, long now)
    {
        if (body.Length > 2 && body[2] >= 0x80)
        {
            throw new InvalidDataException($"The server refused a message with reason 0x{body[2]:X2}");
        }

        (LoadDevice device, long since) = _messages.Return(BinaryPrimitives.ReadUInt16BigEndian(body));
        device.Acknowledged++;
        _tally.NoteAcknowledged(since, now);
        return 1;
    }

    // One PINGREQ at a time: what is sent meanwhile is covered by the next one.
    private void PingBehindMessages()
    {
        if (_format.Qos == 0 && _pinged == 0 && _unpinged > 0)
        {
            _out.Ping();
            (_pinged, _unpinged) = (_unpinged, 0);
        }
    }

    private int TakePing()
    {
        int covered = _pinged;
        _pinged = 0;
        _tally.NoteAcknowledged(covered);
        return covered;
    }
}
