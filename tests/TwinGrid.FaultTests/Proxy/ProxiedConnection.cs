using System.Net;
using System.Net.Sockets;

namespace TwinGrid.FaultTests.Proxy;

/// <summary>One connection through the proxy: two pumps, each under the weathers of its link.</summary>
internal sealed class ProxiedConnection(Socket client, Weather[] weathers) : IDisposable
{
    private const int PieceBytes = 64 * 1024;

    private readonly Socket _target = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Carries bytes both ways until one side ends or <see cref="Reset"/>.</summary>
    public async Task RunAsync(IPEndPoint target)
    {
        try
        {
            client.NoDelay = true;
            _target.NoDelay = true;
            await _target.ConnectAsync(target, _ended.Token);
            Task forward = PumpAsync(client, _target, forward: true);
            Task back = PumpAsync(_target, client, forward: false);
            await await Task.WhenAny(forward, back);
            Reset();
            await Task.WhenAll(forward, back);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A party is gone, or the link was cut: the other one learns it from its socket.
            Reset();
        }
    }

    /// <summary>Ends it with RST on both sides.</summary>
    public void Reset()
    {
        try
        {
            _ended.Cancel();
            client.Close(0);
            _target.Close(0);
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _target.Dispose();
        _ended.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, bool forward)
    {
        byte[] piece = new byte[PieceBytes];
        int read;
        while ((read = await from.ReceiveAsync(piece, _ended.Token)) > 0)
        {
            foreach (Weather weather in weathers)
            {
                if (weather.Delay is { Ticks: > 0 } delay)
                {
                    await Task.Delay(delay, _ended.Token);
                }

                await weather.PassAsync(forward).WaitAsync(_ended.Token);
            }

            await to.SendAsync(piece.AsMemory(0, read), _ended.Token);
        }
    }
}
