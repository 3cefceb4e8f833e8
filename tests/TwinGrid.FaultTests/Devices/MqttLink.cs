using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Devices;

/// <summary>What a link hears; called on the link's own reading loop, one after the other.</summary>
/// <param name="Acknowledged">A PUBACK: its packet id, and whether it says that the message was taken.</param>
/// <param name="Received">
/// A PUBLISH with QoS 1: the link itself, packet id, topic, payload; the listener acknowledges it. May come before the
/// one who connects has the link: a session goes on with its first packet.
/// </param>
internal sealed record MqttEvents(Action<int, bool> Acknowledged, Action<MqttLink, int, string, byte[]> Received);

/// <summary>
/// One connection of a device to a gateway, on a plain socket. Nothing is acknowledged by itself, nothing is sent
/// again by itself: what is kept and what is lost is the device's matter. Sending is thread-safe.
/// </summary>
internal sealed class MqttLink : IAsyncDisposable
{
    private const int KeepAliveSeconds = 20;
    private const int MostBody = 1 << 20;

    private readonly Socket _socket;

    private readonly Channel<byte[]> _outgoing = Channel.CreateUnbounded<byte[]>(
        new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _closed = new();
    private readonly int _version;
    private readonly MqttEvents _events;
    private readonly TaskCompletionSource<byte> _connack = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loops = Task.CompletedTask;
    private int _lastId;

    private MqttLink(Socket socket, int version, MqttEvents events)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _version = version;
        _events = events;
    }

    /// <summary>Set when the connection is over.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>When it began, in stopwatch ticks.</summary>
    public long Began { get; } = Stopwatch.GetTimestamp();

    /// <summary>When something was last heard of the other side, in stopwatch ticks.</summary>
    public long LastHeard { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Connects; null where nobody accepts in time.</summary>
    public static async Task<MqttLink?> TryConnectAsync(
        GatewayDoor gateway, string client, int version, MqttEvents events, TimeSpan within, CancellationToken stop)
    {
        MqttLink link = new(gateway.OpenSocket(), version, events);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(within);
        try
        {
            await link._socket.ConnectAsync(gateway.End, patience.Token);
            link._loops = Task.WhenAll(link.ReadAsync(), link.WriteAsync());
            link.Send(MqttPackets.Connect(client, version, KeepAliveSeconds));
            if (await link._connack.Task.WaitAsync(patience.Token) == 0)
            {
                return link;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Nobody is there, or nobody answers: the device tries another gateway.
        }

        await link.DisposeAsync();
        return null;
    }

    /// <summary>A packet id that was not given out for 65,000 packets.</summary>
    public int NextId() => (Interlocked.Increment(ref _lastId) % 65_000) + 1;

    /// <summary>Publishes with QoS 1.</summary>
    public void Publish(string topic, ReadOnlySpan<byte> payload, int id, bool duplicate = false) =>
        Send(MqttPackets.PublishOnce(topic, payload, id, _version, duplicate));

    /// <summary>Subscribes with QoS 1.</summary>
    public void Subscribe(string filter) => Send(MqttPackets.Subscribe(filter, NextId(), _version));

    /// <summary>Acknowledges what was received.</summary>
    public void Acknowledge(int id) => Send(MqttPackets.Acknowledge(id));

    /// <summary>Says that it is still there.</summary>
    public void Ping() => Send(MqttPackets.Ping());

    /// <summary>Ends the connection without a word, as a device does that loses its power.</summary>
    public void Close()
    {
        try
        {
            _closed.Cancel();
            _socket.Close(0);
        }
        catch (ObjectDisposedException)
        {
            // It was closed before.
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await _loops;
    }

    private void Send(byte[] packet) => _outgoing.Writer.TryWrite(packet);

    private async Task WriteAsync()
    {
        try
        {
            await foreach (byte[] packet in _outgoing.Reader.ReadAllAsync(_closed.Token))
            {
                for (int sent = 0; sent < packet.Length;)
                {
                    sent += await _socket.SendAsync(packet.AsMemory(sent), _closed.Token);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Close();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await using NetworkStream stream = new(_socket);
            await using BufferedStream buffered = new(stream, 16 * 1024);
            byte[] one = new byte[1];
            while (true)
            {
                await buffered.ReadExactlyAsync(one, _closed.Token);
                byte first = one[0];
                int length = 0;
                int shift = 0;
                do
                {
                    await buffered.ReadExactlyAsync(one, _closed.Token);
                    length |= (one[0] & 0x7F) << shift;
                    shift += 7;
                }
                while ((one[0] & 0x80) != 0 && shift < 28);
                byte[] body = new byte[Math.Min(length, MostBody)];
                await buffered.ReadExactlyAsync(body, _closed.Token);
                LastHeard = Stopwatch.GetTimestamp();
                Take(first, body);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Close();
            _connack.TrySetCanceled();
        }
    }

    private void Take(byte first, byte[] body)
    {
        switch ((byte)(first >> 4))
        {
            case MqttPackets.Connack:
                _connack.TrySetResult(body[1]);
                break;
            case MqttPackets.Puback:
                _events.Acknowledged(
                    BinaryPrimitives.ReadUInt16BigEndian(body), body.Length < 3 || body[2] < 0x80);
                break;
            case MqttPackets.Publish:
                int topicLength = BinaryPrimitives.ReadUInt16BigEndian(body);
                string topic = Encoding.UTF8.GetString(body, 2, topicLength);
                ReadOnlySpan<byte> rest = body.AsSpan(2 + topicLength);
                bool isNumbered = (first & 6) != 0;
                int id = isNumbered ? BinaryPrimitives.ReadUInt16BigEndian(rest) : 0;
                rest = MqttPackets.SkipProperties(isNumbered ? rest[2..] : rest, _version);
                _events.Received(this, id, topic, rest.ToArray());
                break;
            case MqttPackets.Disconnect:
                Close();
                break;
            default:
                break;
        }
    }
}
