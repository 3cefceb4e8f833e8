using System.Net;
using System.Net.Sockets;

namespace TwinGrid.Tests.Conformance;

/// <summary>
/// A client of sockets and bytes: it can say what a proper client would not. Every wait has a deadline. Not
/// thread-safe.
/// </summary>
internal sealed partial class RawClient : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly List<RawPacket> _kept = [];
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private ushort _lastId;

    private RawClient(Socket socket, int level)
    {
        _socket = socket;
        Level = level;
    }

    /// <summary>4 for MQTT 3.1.1, 5 for MQTT 5.</summary>
    public int Level { get; }

    /// <summary>
    /// True to keep its own side open when the server tells it to go. By default it closes, as section 3.14.4 asks of a
    /// client; a server that waits for that before it closes too need not wait long.
    /// </summary>
    public bool StaysWhenToldToGo { get; set; }

    public static async Task<RawClient> OpenAsync(int port, int level)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new RawClient(socket, level);
    }

    public ushort NextId() => ++_lastId;

    public async Task SendAsync(params byte[][] packets)
    {
        byte[] bytes = packets is [var one] ? one : [.. packets.SelectMany(packet => packet)];
        using CancellationTokenSource deadline = new(Patience);
        try
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                sent += await _socket.SendAsync(bytes.AsMemory(sent), deadline.Token);
            }
        }
        catch (SocketException)
        {
            // The server has closed meanwhile: the next read says so.
        }
    }

    /// <summary>The next packet, in the order of the wire; null when the server has closed.</summary>
    public async Task<RawPacket?> ReadAsync()
    {
        if (_kept.Count > 0)
        {
            RawPacket first = _kept[0];
            _kept.RemoveAt(0);
            return first;
        }

        return await ReceiveAsync();
    }

    /// <summary>The next packet, which is of this type.</summary>
    public async Task<T> ExpectAsync<T>()
        where T : RawPacket => Assert.IsType<T>(await ReadAsync());

    /// <summary>The first packet of a type; others stay where they are.</summary>
    public async Task<T> TakeAsync<T>(Func<T, bool>? wanted = null)
        where T : RawPacket
    {
        int kept = _kept.FindIndex(packet => packet is T it && (wanted is null || wanted(it)));
        if (kept >= 0)
        {
            T found = (T)_kept[kept];
            _kept.RemoveAt(kept);
            return found;
        }

        while (true)
        {
            RawPacket? packet = await ReceiveAsync();
            Assert.True(packet is not null, $"closed while waiting for {typeof(T).Name}");
            Assert.False(packet is Disconnect, $"{packet} while waiting for {typeof(T).Name}");
            if (packet is T it && (wanted is null || wanted(it)))
            {
                return it;
            }

            _kept.Add(packet);
        }
    }

    /// <summary>The answer of a kind to a packet identifier.</summary>
    public Task<Answer> TakeAsync(PacketKind kind, ushort id) =>
        TakeAsync<Answer>(answer => answer.Kind == kind && answer.Id == id);

    /// <summary>Asserts that the server closes, by FIN or by reset, and sends nothing before.</summary>
    public async Task AssertClosedAsync() => Assert.Null(await ReadAsync());

    /// <summary>Ends the connection without a word, as a broken network does.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<RawPacket?> ReceiveAsync()
    {
        using CancellationTokenSource deadline = new(Patience);
        while (true)
        {
            if (TryParse() is { } packet)
            {
                if (!StaysWhenToldToGo && (packet is Disconnect or ConnAck { Code: not 0 }))
                {
                    CloseOwnSide();
                }

                return packet;
            }

            MakeRoom();
            int count;
            try
            {
                count = await _socket.ReceiveAsync(_buffer.AsMemory(_end), deadline.Token);
            }
            catch (SocketException)
            {
                count = 0; // a reset ends the connection as a FIN does
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"the server sent nothing for {Patience.TotalSeconds} s");
            }

            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    private void CloseOwnSide()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server has closed already.
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private RawPacket? TryParse()
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _end - _start);
        int header = 1;
        int length = 0;
        for (int shift = 0; ; shift += 7, header++)
        {
            if (header >= bytes.Length)
            {
                return null;
            }

            Assert.True(shift < 28, "a length of more than four bytes");
            length |= (bytes[header] & 0x7F) << shift;
            if (bytes[header] < 0x80)
            {
                header++;
                break;
            }
        }

        if (bytes.Length < header + length)
        {
            return null;
        }

        _start += header + length;
        return RawPacket.Read(Level, bytes[0], bytes.Slice(header, length), header + length);
    }
}
