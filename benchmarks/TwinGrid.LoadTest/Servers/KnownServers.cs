using System.Net.Sockets;
using System.Text.RegularExpressions;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Servers;

/// <summary>The servers that a load can start for itself.</summary>
internal static partial class KnownServers
{
    /// <summary>Our own: the silo program.</summary>
    public const string Grid = "grid";

    /// <summary>Eclipse mosquitto, where it is installed: a broker in C.</summary>
    public const string Mosquitto = "mosquitto";

    /// <summary>MQTTnet's server on Kestrel, which takes each publish and does nothing with it.</summary>
    public const string Mqttnet = "mqttnet";

    /// <summary>A socket that acknowledges everything: what the client can do.</summary>
    public const string Sink = "sink";

    /// <summary>Their names on the command line.</summary>
    public static string[] Names { get; } = [Grid, Mosquitto, Mqttnet, Sink];

    /// <summary>False for a program that is not on this machine.</summary>
    public static bool IsInstalled(string name) => name != Mosquitto || MosquittoProgram() is not null;

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">For a grid: how it acknowledges, what models it runs, where it keeps its data.</param>
    public static Task<ServerProcess> StartAsync(string name, LoadOptions options) =>
        ServerProcess.StartAsync(name switch
        {
            Grid => GridStart(options, again: false),
            Mosquitto => MosquittoStart(),
            Mqttnet => OwnStart(Mqttnet, "MQTTnet on Kestrel", MqttnetServer.Verb),
            _ => OwnStart(Sink, "sink, the client alone", SinkServer.Verb),
        });

    /// <summary>Starts a grid on what another one has left in the same <c>--data-directory</c> or database.</summary>
    public static Task<ServerProcess> StartGridAgainAsync(LoadOptions options) =>
        ServerProcess.StartAsync(GridStart(options, again: true));

    private static ServerStart GridStart(LoadOptions options, bool again)
    {
        string? temporary = options.DataDirectory is null
            ? Directory.CreateTempSubdirectory("twingrid-load-").FullName
            : null;
        string data = options.DataDirectory ?? temporary!;
        string definitions = Path.Combine(data, "definitions");
        Directory.CreateDirectory(definitions);
        File.WriteAllText(Path.Combine(definitions, LoadKind.FileName), LoadKind.Json(options));
        string[] settings =
        [
            "Mqtt:Port=0", "Http:Port=0", $"Cluster:SiloPort={ServerProcess.FreePort()}",
            $"Cluster:GatewayPort={ServerProcess.FreePort()}", $"DataDirectory={Path.Combine(data, "data")}",
            $"DefinitionsDirectory={definitions}", $"Storage:Provider={options.Storage}",
            .. LoadDatabase.Settings(options, again),
            $"Mqtt:Acknowledge={options.Acknowledge}",
            $"Limits:NewTwinsPerMinute={2 * Math.Max(1_000, options.Devices)}",
        ];
        return new ServerStart
        {
            Kind = Grid,
            Name = $"grid, {options.Acknowledge}, {options.Storage}",
            Program = "dotnet",
            Arguments = [SiloProgram(), .. settings.Select(static setting => $"--TwinGrid:{setting}")],
            Temporary = temporary,
            ReadyAsync = GridReadyAsync,
        };
    }

    private static ServerStart MosquittoStart()
    {
        string temporary = Directory.CreateTempSubdirectory("twingrid-load-").FullName;
        string configuration = Path.Combine(temporary, "mosquitto.conf");
        int port = ServerProcess.FreePort();

        // Nought is no limit: it must not drop what it was sent too fast.
        File.WriteAllText(configuration, $"""
            listener {port} 127.0.0.1
            allow_anonymous true
            persistence false
            max_inflight_messages 0
            max_queued_messages 0
            set_tcp_nodelay true

            """);
        return new ServerStart
        {
            Kind = Mosquitto,
            Name = "mosquitto",
            Program = MosquittoProgram()
                ?? throw new InvalidOperationException("mosquitto is not installed, or not on the PATH"),
            Arguments = ["-c", configuration],
            Temporary = temporary,
            ReadyAsync = async _ => await ListensAsync(port)
                ? new ServerAddress(new Uri($"mqtt://127.0.0.1:{port}"), null)
                : null,
        };
    }

    private static ServerStart OwnStart(string kind, string name, string verb) => new()
    {
        Kind = kind,
        Name = name,
        Program = "dotnet",
        Arguments = [typeof(KnownServers).Assembly.Location, verb],
        ReadyAsync = static said => Task.FromResult(
            MqttAddress().Match(said) is { Success: true } found
                ? new ServerAddress(new Uri(found.Value), null)
                : null),
    };

    private static async Task<ServerAddress?> GridReadyAsync(string said)
    {
        Match mqtt = MqttAddress().Match(said);
        Match web = WebAddress().Match(said);
        if (!mqtt.Success || !web.Success)
        {
            return null;
        }

        var address = new ServerAddress(new Uri(mqtt.Value), new Uri(web.Value));
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync(new Uri(address.Api!, "/health/ready"));
        return answer.IsSuccessStatusCode ? address : null;
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            // Not yet; the one who asks gives up in the end.
            return false;
        }
    }

    // Beside this program: benchmarks/TwinGrid.LoadTest/bin/Release/net10.0 → src/TwinGrid.Silo/bin/Release/net10.0.
    private static string SiloProgram()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string root = output.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        string path = Path.Combine(
            root, "src", "TwinGrid.Silo", "bin", output.Parent!.Name, output.Name, "TwinGrid.Silo.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built", path);
    }

    // Where distributions put servers is not always on the PATH.
    private static string? MosquittoProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Append("/usr/sbin")
        .Select(static directory => Path.Combine(directory, "mosquitto"))
        .FirstOrDefault(File.Exists);

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex WebAddress();

    [GeneratedRegex(@"mqtt://127\.0\.0\.1:\d+")]
    private static partial Regex MqttAddress();
}
