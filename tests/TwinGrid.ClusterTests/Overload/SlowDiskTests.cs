using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Overload;

/// <summary>A grid whose disk takes 0.3 s to keep anything: strace holds every sync for so long.</summary>
public sealed partial class SlowDiskTests
{
    private const int SyncMicroseconds = 300_000;
    private const int Budget = 1_048_576;

    private static readonly string[] s_slow =
    [
        "strace", "-f", "--seccomp-bpf", "-o", "/dev/null",
        "-e", "trace=fsync,fdatasync", "-e", $"inject=fsync,fdatasync:delay_enter={SyncMicroseconds}",
    ];

    [Fact]
    public async Task Senders_are_held_QoS_0_goes_first_and_nothing_acknowledged_is_lost()
    {
        Installed.Require("strace");
        using var home = new SiloHome();
        await using SiloProcess silo = await SiloProcess.StartAsync(home, s_slow, [$"Limits:IngestBytes={Budget}"]);
        NumberedDevice[] devices =
            [.. Enumerable.Range(1, 6).Select(static i => new NumberedDevice($"meter/m{i}", epoch: 1, window: 1_000))];
        using var stop = new CancellationTokenSource();
        Task[] running = [.. devices.Select(d => d.RunAsync(silo.MqttPort, stop.Token))];
        Task fleeting = FloodAsync(silo.MqttPort, stop.Token);
        await Eventually.HoldsAsync(
            "5,000 acknowledgements", () => devices.Sum(static d => (long)d.Acknowledged) >= 5_000);
        await Eventually.SeeAsync(
            "dropped messages of QoS 0",
            () => CounterAsync(silo, "twingrid_mqtt_publish_shed"),
            static shed => shed > 0);
        await stop.CancelAsync();
        await Task.WhenAll([.. running, fleeting]);

        foreach (NumberedDevice device in devices)
        {
            JsonElement twin = (await silo.Api.TwinAsync(device.Twin))!.Value;
            Assert.Equal(device.Attempted, device.Acknowledged);
            Assert.Equal(device.Attempted, twin.Source("sim")?.GetProperty("seq").GetInt64());
            Assert.Equal(device.Attempted, twin.Counter("readings") - twin.Counter("duplicates"));
        }
    }

    private static async Task FloodAsync(int port, CancellationToken stop)
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(port);
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(2));
        while (await pace.WaitForNextTickAsync(CancellationToken.None) && !stop.IsCancellationRequested)
        {
            await device.ThrowAsync("twins/meter/loose/telemetry/n", "1");
        }
    }

    private static async Task<double> CounterAsync(SiloProcess silo, string name)
    {
        using HttpClient http = new() { BaseAddress = silo.Web };
        string metrics = await http.GetStringAsync("/metrics");
        return Value().Matches(metrics)
            .Where(match => match.Groups["name"].Value.StartsWith(name, StringComparison.Ordinal))
            .Sum(match => double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^(?<name>[a-z_]+)\{[^}]*\} (?<value>[0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Value();
}
