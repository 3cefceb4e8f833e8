using System.Diagnostics;
using System.Text.RegularExpressions;

namespace TwinGrid.ClusterTests.Processes;

/// <summary>
/// The silo program as an operator runs it: a process of its own with ports of its own, seen only through what it
/// prints, its sockets and its exit code.
/// </summary>
internal sealed partial class SiloProcess : IAsyncDisposable
{
    private readonly bool _listens;

    private SiloProcess(RunningProgram program, int gatewayPort, bool listens)
    {
        Program = program;
        GatewayPort = gatewayPort;
        _listens = listens;
    }

    /// <summary>The process.</summary>
    public RunningProgram Program { get; }

    /// <summary>The address of the web page and the API, as printed.</summary>
    public Uri Web { get; private set; } = new("http://unknown");

    /// <summary>The port of the MQTT listener, as printed; 0 without the role.</summary>
    public int MqttPort { get; private set; }

    /// <summary>The port for Orleans clients.</summary>
    public int GatewayPort { get; }

    /// <summary>The grid through HTTP.</summary>
    public GridApi Api { get; private set; } = null!;

    /// <summary>Starts the program and waits until it says that it is ready.</summary>
    /// <param name="home">Its directories.</param>
    /// <param name="settings">Settings beside those, such as <c>Control:Mode=Off</c>, without the section.</param>
    public static Task<SiloProcess> StartAsync(SiloHome home, params string[] settings) =>
        StartAsync(home, [], settings);

    /// <summary>Starts the program under another one, such as strace or env, and waits until it is ready.</summary>
    /// <param name="home">Its directories.</param>
    /// <param name="under">The other program and its arguments.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="program">The silo program; that of this version where it is null.</param>
    public static async Task<SiloProcess> StartAsync(
        SiloHome home, string[] under, string[] settings, string? program = null)
    {
        SiloProcess silo = Launch(home, under, settings, program);
        try
        {
            await silo.ReadyAsync();
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program and waits for nothing.</summary>
    public static SiloProcess Launch(SiloHome home, params string[] settings) => Launch(home, [], settings);

    private static SiloProcess Launch(SiloHome home, string[] under, string[] settings, string? program = null)
    {
        int gatewayPort = Given(settings, "Cluster:GatewayPort=") is { } port ? int.Parse(port, null) : FreePort.Next();
        string[] all =
        [
            "Mqtt:Port=0", "Http:Port=0", $"Cluster:SiloPort={FreePort.Next()}", $"Cluster:GatewayPort={gatewayPort}",
            $"DataDirectory={home.Data}", $"DefinitionsDirectory={home.Definitions}", .. settings,
        ];
        string[] line =
            [
                .. under, "dotnet", program ?? Repository.SiloProgram,
                .. all.Select(static setting => $"--TwinGrid:{setting}"),
            ];
        bool listens = Given(settings, "Roles=")?.Contains("Gateway", StringComparison.Ordinal) ?? true;
        return new SiloProcess(RunningProgram.Start(line[0], line[1..], home.Root), gatewayPort, listens);
    }

    /// <summary>Waits for the printed addresses and for <c>/health/ready</c>.</summary>
    public async Task ReadyAsync()
    {
        await Eventually.HoldsAsync(
            "the printed addresses",
            () => Program.HasExited || (Printed() is var (w, m) && (_listens ? m : w).Success),
            TimeSpan.FromSeconds(60));
        (Match web, Match mqtt) = Printed();
        Assert.True(
            web.Success && mqtt.Success == _listens, $"The silo did not start:\n{Program.Output}\n{Program.Errors}");
        Web = new Uri(web.Value);
        MqttPort = _listens ? int.Parse(mqtt.Groups["port"].Value, null) : 0;
        Api = new GridApi(Web);
        await Eventually.SeeAsync(
            "/health/ready", () => Api.StatusAsync("/health/ready"), static status => status == 200);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        await Program.KillAsync();
        await DisposeAsync();
    }

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>How it ended and how long that took.</returns>
    public async Task<(ProgramEnd End, TimeSpan Took)> StopAsync(string signal = "TERM")
    {
        var watch = Stopwatch.StartNew();
        await Program.SignalAsync(signal);
        ProgramEnd end = await Program.EndAsync();
        return (end, watch.Elapsed);
    }

    /// <summary>A line that it printed and that a person can type.</summary>
    public async Task<string> PrintedCommandAsync(string beginning)
    {
        string output = await Eventually.SeeAsync(
            $"a line with {beginning}",
            () => Task.FromResult(Program.Output),
            text => text.Contains(beginning, StringComparison.Ordinal));
        string line = output.Split('\n').First(l => l.Contains(beginning, StringComparison.Ordinal));
        return line[line.IndexOf(beginning, StringComparison.Ordinal)..].Trim();
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        await Program.DisposeAsync();
    }

    private static string? Given(string[] settings, string key) =>
        settings.LastOrDefault(s => s.StartsWith(key, StringComparison.Ordinal))?[key.Length..];

    private (Match Web, Match Mqtt) Printed() =>
        (WebAddress().Match(Program.Output), MqttAddress().Match(Program.Output));

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex WebAddress();

    [GeneratedRegex(@"mqtt://127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex MqttAddress();
}
