using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TwinGrid.Hosting.Startup;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Tests.Hosting;

/// <summary>What keeps a grid from starting is said in lines that a person can act on.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("TwinGrid:Http:Port")]
    [InlineData("TwinGrid:Mqtt:Port")]
    [InlineData("TwinGrid:Cluster:SiloPort")]
    [InlineData("TwinGrid:Cluster:GatewayPort")]
    public async Task A_busy_port_is_named_by_its_key(string key)
    {
        using Socket busy = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        busy.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        busy.Listen();
        int port = ((IPEndPoint)busy.LocalEndPoint!).Port;

        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(null, (key, $"{port}")));

        string line = Assert.Single(StartFailure.Explain(failure));
        Assert.StartsWith($"{key}: port {port} on 127.0.0.1 is in use", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_grid_on_one_data_directory_is_refused_by_name()
    {
        await using RunningGrid first = await RunningGrid.StartAsync();

        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(null, ("TwinGrid:DataDirectory", first.DataDirectory)));

        string line = Assert.Single(StartFailure.Explain(failure));
        Assert.Contains(first.DataDirectory, line);
        Assert.Contains("TwinGrid:DataDirectory", line);
    }

    [Fact]
    public async Task A_wrong_key_stops_the_start()
    {
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(null, ("TwinGrid:Mqtt:Prot", "1"), ("TwinGrid:Http:Port", "x")));
        Assert.Equal(2, StartFailure.Explain(failure).Count);
    }

    [Theory]
    [InlineData("TwinGrid:Http:Address")]
    [InlineData("TwinGrid:Mqtt:Address")]
    [InlineData("TwinGrid:Cluster:AdvertisedAddress")]
    public async Task Nothing_binds_beyond_loopback_in_plaintext_unless_it_is_wanted(string key)
    {
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(null, (key, "0.0.0.0")));
        Assert.All(StartFailure.Explain(failure), line =>
        {
            Assert.StartsWith($"{key} is '0.0.0.0'", line, StringComparison.Ordinal);
            Assert.Contains("TwinGrid:Security:AllowPlaintext=true", line);
        });
    }

    [Fact]
    public async Task A_kind_that_does_not_compile_stops_the_start_with_its_place()
    {
        TwinDefinition wrong = new()
        {
            Kind = "pump",
            Telemetry = [new TelemetryDefinition { Name = "flow" }],
            Policies = [new PolicyDefinition { Name = "dry", When = "flaw < 1" }],
        };

        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(grid => grid.AddDefinition(wrong)));

        Assert.Contains("flaw", Assert.Single(StartFailure.Explain(failure)));
    }

    [Fact]
    public async Task A_directory_of_definitions_that_was_named_must_be_there()
    {
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(
            () => RunningGrid.StartAsync(null, ("TwinGrid:DefinitionsDirectory", "./no-such-directory")));
        Assert.Contains("TwinGrid:DefinitionsDirectory", Assert.Single(StartFailure.Explain(failure)));
    }

    [Fact]
    public async Task Kind_files_of_the_directory_and_kinds_in_code_are_known()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("twingrid-kinds-");
        File.WriteAllText(
            Path.Combine(directory.FullName, "pump.twin.json"), """{"kind":"pump","telemetry":{"flow":{"min":0}}}""");

        await using RunningGrid grid = await RunningGrid.StartAsync(
            builder => builder.AddDefinition(GridFixture.Turbine),
            ("TwinGrid:DefinitionsDirectory", directory.FullName));

        DefinitionSet definitions = grid.Services.GetRequiredService<DefinitionSet>();
        Assert.Equal(["pump", "turbine"], definitions.All.Select(kind => kind.Kind).Order());
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task New_twins_are_any_on_loopback_and_of_known_kinds_beyond()
    {
        await using (RunningGrid near = await RunningGrid.StartAsync())
        {
            Assert.Equal(NewTwins.Any, near.Services.GetRequiredService<IOptions<IngestOptions>>().Value.NewTwins);
        }

        await using RunningGrid far = await RunningGrid.StartAsync(
            null, ("TwinGrid:Mqtt:Address", "0.0.0.0"), ("TwinGrid:Security:AllowPlaintext", "true"));
        Assert.Equal(NewTwins.KnownKinds, far.Services.GetRequiredService<IOptions<IngestOptions>>().Value.NewTwins);
        HttpResponseMessage answer = await far.Http.PostAsync(
            "/api/v1/twins/stranger/one/telemetry/temperature", new StringContent("21.5"));
        await Problem.AssertAsync(answer, 404, "unknown-twin");
    }

    [Fact]
    public async Task Options_in_code_win_over_the_configuration()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(
            builder => builder.Configure<ControlOptions>(control => control.Mode = ControlMode.Advise),
            ("TwinGrid:Control:Mode", "Off"),
            ("TwinGrid:Mqtt:Acknowledge", "Applied"));
        Assert.Equal(
            ControlMode.Advise, grid.Services.GetRequiredService<IOptionsMonitor<ControlOptions>>().CurrentValue.Mode);
        Assert.Equal(
            Acknowledgement.Applied, grid.Services.GetRequiredService<IOptions<IngestOptions>>().Value.Acknowledge);
    }

    [Fact]
    public void One_host_holds_one_silo()
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.AddTwinGridSilo();
        Assert.Throws<InvalidOperationException>(() => builder.AddTwinGridSilo());
    }

    [Theory]
    [InlineData("127.0.0.1", 1883, "mosquitto_pub -t")]
    [InlineData("0.0.0.0", 1883, "mosquitto_pub -t")]
    [InlineData("127.0.0.1", 2883, "mosquitto_pub -p 2883 -t")]
    [InlineData("192.0.2.7", 2883, "mosquitto_pub -h 192.0.2.7 -p 2883 -t")]
    public void The_greeting_names_only_what_is_not_a_default(string address, int port, string expected)
    {
        Greeting greeting = new(
            new Uri("http://127.0.0.1:8080/"),
            new IPEndPoint(IPAddress.Parse(address), port),
            "twins",
            (new TwinId("demo", "one"), "temperature"));

        string[] lines = [.. greeting.Lines().Select(line => line.Trim())];

        Assert.Contains("curl -d 21.5 http://127.0.0.1:8080/api/v1/twins/demo/one/telemetry/temperature", lines);
        Assert.Contains($"{expected} twins/demo/one/telemetry/temperature -m 21.5", lines);
    }

    [Fact]
    public async Task What_the_greeting_says_works_verbatim()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();
        string[] lines = [.. Greeting.Of(grid.Services).Lines().Select(line => line.Trim())];

        await Shell.RunAsync(lines.Single(line => line.StartsWith("curl ", StringComparison.Ordinal)), needs: "curl");
        await Shell.RunAsync(
            lines.Single(line => line.StartsWith("mosquitto_pub ", StringComparison.Ordinal)), needs: "mosquitto_pub");

        await Eventually.HoldsAsync(async () => (await grid.Http.GetStringAsync("/api/v1/twins/demo/one"))
            .Contains("\"count\":2", StringComparison.Ordinal));
    }
}
