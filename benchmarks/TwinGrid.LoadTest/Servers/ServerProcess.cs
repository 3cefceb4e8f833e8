using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TwinGrid.LoadTest.Servers;

/// <summary>How a server is started, and where it then listens.</summary>
internal sealed record ServerStart
{
    /// <summary>Which of <see cref="KnownServers.Names"/> it is.</summary>
    public required string Kind { get; init; }

    /// <summary>Its name in the reports.</summary>
    public required string Name { get; init; }

    /// <summary>The program.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>A directory of its own that goes when it ends; null for none.</summary>
    public string? Temporary { get; init; }

    /// <summary>Finds its addresses in what it has said so far; null while it is not ready.</summary>
    public required Func<string, Task<ServerAddress?>> ReadyAsync { get; init; }
}

/// <summary>Where a server listens.</summary>
/// <param name="Mqtt">mqtt://host:port.</param>
/// <param name="Api">http://host:port; null where it has no API of the grid.</param>
internal sealed record ServerAddress(Uri Mqtt, Uri? Api);

/// <summary>A server under load, in a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(50);

    private readonly ServerStart _start;
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    private ServerProcess(ServerStart start)
    {
        _start = start;

        // Its own input is a pipe from here: the servers of this program end when that closes, however this ends.
        _process = Process.Start(new ProcessStartInfo(start.Program, start.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += Remember;
        _process.ErrorDataReceived += Remember;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its name in the reports.</summary>
    public string Name => _start.Name;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <inheritdoc cref="ServerStart.Kind"/>
    public string Kind => _start.Kind;

    /// <summary>Where it listens.</summary>
    public ServerAddress Address { get; private set; } = new(new Uri("mqtt://unknown"), null);

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It did not start; the message is what it said.</exception>
    public static async Task<ServerProcess> StartAsync(ServerStart start)
    {
        var server = new ServerProcess(start);
        try
        {
            server.Address = await server.ReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>kill -9: it gets no chance to write anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using Process kill = Process.Start("kill", $"-TERM {Id}");
            await kill.WaitForExitAsync();
            using var patience = new CancellationTokenSource(StopsWithin);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Console.Error.WriteLine($"{Name} did not stop within {StopsWithin.TotalSeconds:0} s and was killed");
                _process.Kill();
            }
        }

        _process.Dispose();
        if (_start.Temporary is not null)
        {
            Directory.Delete(_start.Temporary, recursive: true);
        }
    }

    private async Task<ServerAddress> ReadyAsync()
    {
        long started = Stopwatch.GetTimestamp();
        using var pause = new PeriodicTimer(LooksEvery);
        while (Stopwatch.GetElapsedTime(started) < StartsWithin && !_process.HasExited)
        {
            if (await _start.ReadyAsync(Said()) is { } address)
            {
                return address;
            }

            await pause.WaitForNextTickAsync();
        }

        throw new InvalidOperationException($"{Name} did not start:\n{Said()}");
    }

    private void Remember(object sender, DataReceivedEventArgs line)
    {
        lock (_said)
        {
            _said.AppendLine(line.Data);
        }
    }

    private string Said()
    {
        lock (_said)
        {
            return _said.ToString();
        }
    }
}
