using System.Net;
using System.Net.Sockets;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>
/// Stands between a store and its server, and cuts one connection after so many bytes, or lets nothing through.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _server;
    private readonly Task _accepting;
    private long _toServer = long.MaxValue;
    private long _toClient = long.MaxValue;
    private TaskCompletionSource? _stalled;

    public CuttingProxy(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>How many connections came.</summary>
    public int Came { get; private set; }

    /// <summary>True while every connection is closed: those that come, and with its next word one that is there.
    /// </summary>
    public bool IsAway { get; set; }

    /// <summary>Cuts the connection that brings so many more bytes to the server.</summary>
    public void CutAfterSent(long bytes) => Interlocked.Exchange(ref _toServer, bytes);

    /// <summary>Cuts the connection that brings so many more bytes back.</summary>
    public void CutAfterAnswered(long bytes) => Interlocked.Exchange(ref _toClient, bytes);

    /// <summary>No cut any more.</summary>
    public void Spare()
    {
        CutAfterSent(long.MaxValue);
        CutAfterAnswered(long.MaxValue);
    }

    /// <summary>Lets no answer through until it is told to go on.</summary>
    public TaskCompletionSource Stall() => _stalled = new TaskCompletionSource();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_end.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket server = new(SocketType.Stream, ProtocolType.Tcp);
        Came++;
        using (client)
        {
            if (IsAway)
            {
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _server, _end.Token);
            client.NoDelay = server.NoDelay = true;
            await Task.WhenAny(PumpAsync(client, server, sends: true), PumpAsync(server, client, sends: false));
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool sends)
    {
        byte[] buffer = new byte[8_192];
        try
        {
            while (await from.ReceiveAsync(buffer, _end.Token) is var read and > 0)
            {
                if (!sends && _stalled is { } stalled)
                {
                    await stalled.Task.WaitAsync(_end.Token);
                }

                if (IsAway)
                {
                    return;
                }

                if (Take(sends, read) is { } left)
                {
                    await to.SendAsync(buffer.AsMemory(0, left), _end.Token);
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone, or the test is over.
        }
    }

    // How much of it may still pass before the cut; null where there is none.
    private int? Take(bool sends, int read)
    {
        lock (_listener)
        {
            long left = sends ? _toServer : _toClient;
            if (left == long.MaxValue)
            {
                return null;
            }

            if (left < read)
            {
                Spare();
                Cuts++;
                return (int)left;
            }

            if (sends)
            {
                _toServer = left - read;
            }
            else
            {
                _toClient = left - read;
            }

            return null;
        }
    }
}
