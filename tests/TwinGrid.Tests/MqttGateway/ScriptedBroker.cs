using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>
/// A broker that says what the test wants, byte by byte, to every client the same; of MQTT 5 as much as that takes.
/// </summary>
internal sealed class ScriptedBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _connack;
    private readonly ConcurrentQueue<int> _acknowledged = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _serving;
    private int _connections;
    private int _pings;

    public ScriptedBroker(byte[] connack)
    {
        _connack = connack;
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Server => $"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>How many messages of QoS 1 it sends after the subscription, whatever Receive Maximum says.</summary>
    public int SendsTooMuch { get; init; }

    /// <summary>What else it sends then.</summary>
    public byte[] SendsAfter { get; init; } = [];

    public bool AnswersPings { get; init; } = true;

    public int Connections => Volatile.Read(ref _connections);

    public int Pings => Volatile.Read(ref _pings);

    /// <summary>The packet identifiers that were acknowledged.</summary>
    public IReadOnlyList<int> Acknowledged => [.. _acknowledged];

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> serving = [];
        while (!_over.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_over.Token);
            Interlocked.Increment(ref _connections);
            serving.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            byte[] head = new byte[1];
            while (true)
            {
                await stream.ReadExactlyAsync(head, _over.Token);
                byte[] body = new byte[await LengthAsync(stream)];
                await stream.ReadExactlyAsync(body, _over.Token);
                byte[] answer = Answer(head[0] >> 4, body);
                await stream.WriteAsync(answer, _over.Token);
            }
        }
    }

    // The types of MQTT 5 section 2.1.2.
    private byte[] Answer(int type, byte[] body)
    {
        switch (type)
        {
            case 1:
                return _connack;
            case 8:
                return
                [
                    0x90, 4, body[0], body[1], 0, 1, .. Enumerable.Range(1, SendsTooMuch).SelectMany(Publish),
                    .. SendsAfter,
                ];
            case 12:
                Interlocked.Increment(ref _pings);
                return AnswersPings ? [0xD0, 0] : [];
            case 4:
                _acknowledged.Enqueue((body[0] << 8) | body[1]);
                return [];
            default:
                return [];
        }
    }

    private static IEnumerable<byte> Publish(int number)
    {
        byte[] topic = Encoding.UTF8.GetBytes("twins/pump/p1/telemetry/n");
        byte[] body = [0, (byte)topic.Length, .. topic, (byte)(number >> 8), (byte)number, 0, (byte)'1'];
        return [0x32, (byte)body.Length, .. body];
    }

    private async Task<int> LengthAsync(NetworkStream stream)
    {
        byte[] one = new byte[1];
        for (int length = 0, shift = 0; ; shift += 7)
        {
            await stream.ReadExactlyAsync(one, _over.Token);
            length |= (one[0] & 127) << shift;
            if (one[0] < 128)
            {
                return length;
            }
        }
    }
}
