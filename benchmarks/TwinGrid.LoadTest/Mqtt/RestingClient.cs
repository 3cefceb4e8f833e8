using System.Net;
using System.Net.Sockets;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// A client of which there are thousands and that does little: small buffers, waits asynchronously. Not thread-safe.
/// </summary>
internal sealed class RestingClient : IDisposable
{
    // What one address may have before its ports run out, or a server's limit for an address is reached.
    private const int ClientsPerAddress = 10_000;
    private const int SmallBuffer = 256;

    // IP_BIND_ADDRESS_NO_PORT (ip(7)): the address now, the port by connect. A bind that takes a port at once is slow
    // where thousands have one: 10,000 clients took 15 s of system time.
    private const int IpLevel = 0;
    private const int BindAddressNoPort = 24;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly PacketBuffer _out = new(SmallBuffer);
    private readonly PacketReader _in = new(SmallBuffer);
    private readonly int _version;

    /// <summary>Makes one.</summary>
    /// <param name="number">Its number: ten thousand share an address of the loopback.</param>
    /// <param name="version">3 for MQTT 3.1.1, 5 for MQTT 5.</param>
    public RestingClient(int number, int version)
    {
        _version = version;
        Number = number;
        _socket.NoDelay = true;
    }

    /// <summary>Its number.</summary>
    public int Number { get; }

    /// <summary>The socket.</summary>
    public Socket Socket => _socket;

    /// <summary>Opens the TCP connection.</summary>
    public async Task OpenAsync(Uri target, CancellationToken cancellationToken)
    {
        if (target.Host == "127.0.0.1")
        {
            _socket.SetRawSocketOption(IpLevel, BindAddressNoPort, BitConverter.GetBytes(1));
            _socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(1 + (Number / ClientsPerAddress))]), 0));
        }

        await _socket.ConnectAsync(target.Host, target.Port, cancellationToken);
    }

    /// <summary>Sends CONNECT and waits for the answer.</summary>
    public async Task<ConnectAnswer> ConnectAsync(ConnectSettings settings, CancellationToken cancellationToken)
    {
        _out.Connect(settings);
        await FlushAsync(cancellationToken);
        (byte first, byte[] body) = await ReadAsync(static _ => true, cancellationToken);
        return ConnectAnswer.Read(new Packet(first, body));
    }

    /// <summary>Subscribes to one filter.</summary>
    /// <exception cref="InvalidDataException">The server refused.</exception>
    public async Task SubscribeAsync(string filter, CancellationToken cancellationToken)
    {
        _out.Subscribe(filter, _version);
        await FlushAsync(cancellationToken);
        (_, byte[] body) = await ReadAsync(static first => first == 0x90, cancellationToken);
        if (body[^1] >= 0x80)
        {
            throw new InvalidDataException($"The server refused to subscribe to {filter}: 0x{body[^1]:X2}");
        }
    }

    /// <summary>Asks whether the server is there; false when the connection has ended.</summary>
    public async Task<bool> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            _out.Ping();
            await FlushAsync(cancellationToken);
            await ReadAsync(static first => first == 0xD0, cancellationToken);
            return true;
        }
        catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Sends bytes as they are, as many as the server takes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _out.Append(bytes.Span);
        await FlushAsync(cancellationToken);
    }

    /// <summary>Reads and throws away what has come; false when the server has ended the connection.</summary>
    public bool IsOpen()
    {
        Span<byte> waste = stackalloc byte[4096];
        _socket.Blocking = false;
        while (true)
        {
            int read = _socket.Receive(waste, SocketFlags.None, out SocketError error);
            if (read == 0 || error != SocketError.Success)
            {
                return error == SocketError.WouldBlock;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        while (!_out.Pending.IsEmpty)
        {
            _out.Sent(await _socket.SendAsync(_out.Pending, cancellationToken));
        }
    }

    // The next packet that is wanted; others, such as a PUBLISH that was not asked for, are left out.
    private async Task<(byte First, byte[] Body)> ReadAsync(
        Predicate<byte> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (_in.TryRead(out Packet packet))
            {
                if (wanted(packet.First))
                {
                    return (packet.First, packet.Body.ToArray());
                }
            }

            int read = await _socket.ReceiveAsync(_in.Room(), cancellationToken);
            _in.Received(read > 0 ? read : throw new EndOfStreamException("The server closed the connection"));
        }
    }
}
