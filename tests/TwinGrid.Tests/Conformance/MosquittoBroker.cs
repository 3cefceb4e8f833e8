using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TwinGrid.Tests.Conformance;

/// <summary>A mosquitto of its own, as a process on a free port, with nothing kept on disk.</summary>
internal sealed class MosquittoBroker : IAsyncDisposable
{
    private static readonly string[] Programs = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

    private readonly Process _process;
    private readonly string _directory;

    private MosquittoBroker(Process process, string directory, int port)
    {
        _process = process;
        _directory = directory;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Skips the test where mosquitto is not installed.</summary>
    public static async Task<MosquittoBroker> StartAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            // Another process may take the port between here and mosquitto's own bind.
            int port = FreePort();
            string directory = Directory.CreateTempSubdirectory("twingrid-conformance-").FullName;
            string configuration = Path.Combine(directory, "mosquitto.conf");
            await File.WriteAllTextAsync(configuration, $"listener {port} 127.0.0.1\nallow_anonymous true\n");
            MosquittoBroker broker = new(Start(configuration), directory, port);
            if (await broker.IsListeningAsync())
            {
                return broker;
            }

            await broker.DisposeAsync();
            Assert.True(attempt < 5, "mosquitto does not start");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string configuration)
    {
        foreach (string program in Programs)
        {
            try
            {
                ProcessStartInfo start = new(program, ["-c", configuration]) { RedirectStandardError = true };
                Process process = Process.Start(start)!;
                process.ErrorDataReceived += (_, _) => { };
                process.BeginErrorReadLine();
                return process;
            }
            catch (Win32Exception)
            {
                // Not at this place.
            }
        }

        Assert.Skip("mosquitto is not installed (Debian: mosquitto)");
        throw new UnreachableException();
    }

    private async Task<bool> IsListeningAsync()
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < RawClient.Patience && !_process.HasExited)
        {
            try
            {
                using TcpClient probe = new();
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }
        }

        return false;
    }
}
