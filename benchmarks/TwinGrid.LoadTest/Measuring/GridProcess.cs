using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>The grid under load: the silo program in a process of its own, on ports of its own.</summary>
internal sealed partial class GridProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly string? _temporary;

    private GridProcess(Process process, string? temporary)
    {
        _process = process;
        _temporary = temporary;
        process.OutputDataReceived += Remember;
        process.ErrorDataReceived += Remember;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>mqtt://host:port.</summary>
    public Uri Mqtt { get; private set; } = new("mqtt://unknown");

    /// <summary>http://host:port.</summary>
    public Uri Api { get; private set; } = new("http://unknown");

    /// <summary>Starts a grid and waits until it is ready.</summary>
    public static async Task<GridProcess> StartAsync(LoadOptions options)
    {
        string? temporary = options.DataDirectory is null
            ? Directory.CreateTempSubdirectory("twingrid-load-").FullName
            : null;
        string data = options.DataDirectory ?? temporary!;
        Directory.CreateDirectory(Path.Combine(data, "definitions"));
        string[] settings =
        [
            "Mqtt:Port=0", "Http:Port=0", $"Cluster:SiloPort={FreePort()}", $"Cluster:GatewayPort={FreePort()}",
            $"DataDirectory={Path.Combine(data, "data")}", $"DefinitionsDirectory={Path.Combine(data, "definitions")}",
            $"Mqtt:Acknowledge={options.Acknowledge}", $"Limits:NewTwinsPerMinute={Math.Max(1_000, options.Devices)}",
        ];
        var start = new ProcessStartInfo("dotnet", settings.Select(s => $"--TwinGrid:{s}").Prepend(Program()))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var grid = new GridProcess(Process.Start(start)!, temporary);
        try
        {
            await grid.ReadyAsync();
            return grid;
        }
        catch
        {
            await grid.DisposeAsync();
            throw;
        }
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
                Console.Error.WriteLine($"The grid did not stop within {StopsWithin.TotalSeconds:0} s and was killed");
                _process.Kill();
            }
        }

        _process.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    private async Task ReadyAsync()
    {
        var watch = Stopwatch.StartNew();
        using var http = new HttpClient();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (watch.Elapsed < StartsWithin && !_process.HasExited)
        {
            string said = Said();
            Match mqtt = MqttAddress().Match(said);
            Match web = WebAddress().Match(said);
            if (mqtt.Success && web.Success)
            {
                Mqtt = new Uri(mqtt.Value);
                Api = new Uri(web.Value);
                using HttpResponseMessage answer = await http.GetAsync(new Uri(Api, "/health/ready"));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }

            await pause.WaitForNextTickAsync();
        }

        throw new InvalidOperationException($"The grid did not start:\n{Said()}");
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

    // Beside this program: benchmarks/TwinGrid.LoadTest/bin/Release/net10.0 → src/TwinGrid.Silo/bin/Release/net10.0.
    private static string Program()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string root = output.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        string path = Path.Combine(
            root, "src", "TwinGrid.Silo", "bin", output.Parent!.Name, output.Name, "TwinGrid.Silo.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built", path);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex WebAddress();

    [GeneratedRegex(@"mqtt://127\.0\.0\.1:\d+")]
    private static partial Regex MqttAddress();
}
