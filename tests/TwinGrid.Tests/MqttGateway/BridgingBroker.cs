using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>
/// A mosquitto of its own with a free port, that keeps what it has over its restarts and drops nothing from its queues:
/// what an operator who means it configures. Skips the test where mosquitto is not installed.
/// </summary>
internal sealed class BridgingBroker : IAsyncDisposable
{
    private static readonly string[] s_places =
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];

    private readonly string _program;
    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-broker-").FullName;
    private Process? _process;

    private BridgingBroker(string program, IReadOnlyCollection<string> more)
    {
        _program = program;
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        Port = ((IPEndPoint)free.LocalEndpoint).Port;
        File.WriteAllLines(Path.Combine(_directory, "mosquitto.conf"),
        [
            $"listener {Port} 127.0.0.1", "persistence true", $"persistence_location {_directory}/",
            "max_queued_messages 0", "log_dest stderr", "user root",
            .. more.Count > 0 ? more : ["allow_anonymous true"],
        ]);
    }

    /// <summary>Its port on loopback.</summary>
    public int Port { get; }

    /// <summary>Its address as the bridge's options name it.</summary>
    public string Server => $"mqtt://127.0.0.1:{Port}";

    /// <summary>Starts one.</summary>
    /// <param name="more">Lines of its configuration; none: everybody may connect.</param>
    public static async Task<BridgingBroker> StartNewAsync(params string[] more)
    {
        BridgingBroker broker = New(more);
        await broker.StartAsync();
        return broker;
    }

    /// <summary>One that does not run yet.</summary>
    public static BridgingBroker New(params string[] more) => new(Require(), more);

    /// <summary>Skips the test where mosquitto is not installed.</summary>
    /// <returns>The program.</returns>
    public static string Require()
    {
        string? program = Array.Find(s_places, File.Exists);
        if (program is null)
        {
            Assert.Skip("mosquitto is not installed");
        }

        return program;
    }

    /// <summary>Starts it, also again.</summary>
    public async Task StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(_program, ["-c", Path.Combine(_directory, "mosquitto.conf")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _process.ErrorDataReceived += static (_, _) => { };
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using TcpClient look = new();
                await look.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
        }
    }

    /// <summary>SIGTERM: it writes what it has to its file and ends. SIGKILL: it only ends.</summary>
    public async Task StopAsync(string signal = "TERM")
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{_process!.Id}"]);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>A client that keeps what it receives.</summary>
    public async Task<BridgingClient> ConnectAsync(params string[] filters)
    {
        BridgingClient client = new();
        await client.ConnectAsync(Port, filters);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>A device or an observer at the outside broker.</summary>
internal sealed class BridgingClient : IAsyncDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly ConcurrentQueue<MqttApplicationMessage> _received = new();

    public IReadOnlyList<MqttApplicationMessage> Received => [.. _received];

    public IEnumerable<string> Topics => _received.Select(message => message.Topic);

    public async Task ConnectAsync(int port, IEnumerable<string> filters)
    {
        _client.ApplicationMessageReceivedAsync += received =>
        {
            _received.Enqueue(received.ApplicationMessage);
            return Task.CompletedTask;
        };
        await _client.ConnectAsync(new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", port).WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId($"outside-{Guid.NewGuid():N}").Build());
        foreach (string filter in filters)
        {
            await _client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce);
        }
    }

    /// <summary>Publishes; ends with the broker's answer.</summary>
    /// <returns>False where the broker knows nobody who subscribes to it.</returns>
    public async Task<bool> PublishAsync(string topic, string payload, int qos = 1, bool retain = false)
    {
        MqttClientPublishResult result = await _client.PublishAsync(new MqttApplicationMessageBuilder()
            .WithTopic(topic).WithPayload(payload).WithRetainFlag(retain)
            .WithQualityOfServiceLevel((MqttQualityOfServiceLevel)qos).Build());
        Assert.True(result.IsSuccess, $"{topic}: {result.ReasonCode}");
        return result.ReasonCode == MqttClientPublishReasonCode.Success;
    }

    /// <summary>Publishes until somebody subscribes to that topic.</summary>
    public async Task PublishUntilHeardAsync(string topic, string payload)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await PublishAsync(topic, payload))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"nobody subscribes to {topic}");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync();
        }

        _client.Dispose();
    }
}
