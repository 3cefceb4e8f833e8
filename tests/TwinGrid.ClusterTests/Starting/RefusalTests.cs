using System.Net;
using System.Net.Sockets;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Starting;

/// <summary>What stops a start, and whether the message says what to change.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("Http:Port")]
    [InlineData("Mqtt:Port")]
    public async Task A_busy_port_is_an_error_that_names_the_key(string key)
    {
        using var busy = new TcpListener(IPAddress.Loopback, 0);
        busy.Start();
        int port = ((IPEndPoint)busy.LocalEndpoint).Port;
        using var home = new SiloHome();

        ProgramEnd end = await RefusedAsync(home, $"{key}={port}");

        Assert.Contains($"TwinGrid:{key}", end.Errors, StringComparison.Ordinal);
        Assert.Contains($"{port}", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_process_on_one_data_directory_is_refused_by_name()
    {
        using var home = new SiloHome();
        await using SiloProcess first = await SiloProcess.StartAsync(home);

        ProgramEnd end = await RefusedAsync(home);

        Assert.Contains(home.Data, end.Errors, StringComparison.Ordinal);
        Assert.Contains("DataDirectory", end.Errors, StringComparison.Ordinal);
        Assert.Equal(200, await first.Api.StatusAsync("/health/ready"));
    }

    [Theory]
    [InlineData("Mqtt:Prot=1", "TwinGrid:Mqtt:Prot")]
    [InlineData("Mqt:Port=1", "TwinGrid:Mqt")]
    [InlineData("Mqtt:Port=many", "TwinGrid:Mqtt:Port")]
    [InlineData("Ingest:LiveWindow=soon", "TwinGrid:Ingest:LiveWindow")]
    [InlineData("Control:Mode=Perhaps", "TwinGrid:Control:Mode")]
    [InlineData("Limits:NewTwinsPerMinute=-1", "TwinGrid:Limits:NewTwinsPerMinute")]
    public async Task An_unknown_or_wrong_key_is_an_error_that_names_it(string setting, string named)
    {
        using var home = new SiloHome();

        ProgramEnd end = await RefusedAsync(home, setting);

        Assert.Contains(named, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_beyond_loopback_without_TLS_is_refused_until_it_is_allowed()
    {
        using var home = new SiloHome();

        ProgramEnd end = await RefusedAsync(home, "Mqtt:Address=0.0.0.0");

        Assert.Contains("Security:AllowPlaintext", end.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{ "kind": "pump", "telemetry": { "temperature": { "min": "cold" } } }""",
        "telemetry.temperature.min",
        "number")]
    [InlineData("""{ "kind": "pump", "telemetri": { } }""", "telemetri", "telemetry")]
    [InlineData("""{ "kind": "pump", "telemetry": { """, "", "")]
    public async Task A_wrong_kind_file_stops_the_start_with_file_path_and_expectation(
        string content, string path, string expected)
    {
        using var home = new SiloHome();
        home.Define("wrong.twin.json", content);

        ProgramEnd end = await RefusedAsync(home);

        Assert.Contains("wrong.twin.json", end.Errors, StringComparison.Ordinal);
        Assert.Contains(path, end.Errors, StringComparison.Ordinal);
        Assert.Contains(expected, end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_expression_stops_the_start_with_file_line_and_column()
    {
        using var home = new SiloHome();
        home.Define(
            "wrong.twin.json",
            """
            {
              "kind": "pump",
              "telemetry": { "temperature": { } },
              "policies": [
                { "name": "hot", "when": "temperature >> 85" }
              ]
            }
            """);

        ProgramEnd end = await RefusedAsync(home);

        Assert.Contains("wrong.twin.json", end.Errors, StringComparison.Ordinal);
        Assert.Matches(@"\b5\b", end.Errors);
    }

    private static async Task<ProgramEnd> RefusedAsync(SiloHome home, params string[] settings)
    {
        await using SiloProcess silo = SiloProcess.Launch(home, settings);
        ProgramEnd end = await silo.Program.EndAsync();
        Assert.True(end.ExitCode != 0, $"It started and ended well:\n{end.Output}");
        Assert.DoesNotContain("   at ", end.Errors, StringComparison.Ordinal);
        return end;
    }
}
