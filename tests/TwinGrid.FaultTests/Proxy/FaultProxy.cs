using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TwinGrid.FaultTests.Proxy;

/// <summary>
/// A TCP proxy of loopback between two of the harness' parties. Each connection has the weather of the party that it
/// came from, where that can be told, so that any two can be parted. Thread-safe.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint _target;
    private readonly Func<IPEndPoint, string> _whoIs;
    private readonly ConcurrentDictionary<string, Weather> _weathers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    /// <summary>Listens.</summary>
    /// <param name="port">Where; 0 for any port.</param>
    /// <param name="target">The port that it leads to.</param>
    /// <param name="whoIs">The party behind the other end of a connection; "" where it cannot be told.</param>
    public FaultProxy(int port, int target, Func<IPEndPoint, string>? whoIs = null)
    {
        _target = new IPEndPoint(IPAddress.Loopback, target);
        _whoIs = whoIs ?? (static _ => "");
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start(512);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The party name that stands for everybody.</summary>
    public const string Everybody = "*";

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The weather of a party's connections.</summary>
    public Weather For(string party) => _weathers.GetOrAdd(party, static _ => new Weather());

    /// <summary>Good weather for all.</summary>
    public void Clear()
    {
        foreach (Weather weather in _weathers.Values)
        {
            weather.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        foreach (Weather weather in _weathers.Values)
        {
            weather.Cut();
            weather.Clear();
        }

        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // It stops, or a client was gone before it was accepted.
                continue;
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        Weather[] weathers = [For(Everybody), For(_whoIs((IPEndPoint)client.RemoteEndPoint!))];
        using ProxiedConnection connection = new(client, weathers);
        if (Array.TrueForAll(weathers, weather => weather.TryEnter(connection)))
        {
            await connection.RunAsync(_target);
        }
        else
        {
            connection.Reset();
        }

        foreach (Weather weather in weathers)
        {
            weather.Leave(connection);
        }
    }
}
