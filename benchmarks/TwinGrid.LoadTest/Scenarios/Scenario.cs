using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Something that this program can do to a server.</summary>
internal sealed record Scenario
{
    /// <summary>Its name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in a sentence.</summary>
    public required string What { get; init; }

    /// <summary>The options that nobody gave.</summary>
    public LoadOptions Defaults { get; init; } = new();

    /// <summary>True when devices send on the connections.</summary>
    public bool HasDevices { get; init; }

    /// <summary>Runs it, prints its figures and gives the objects whose members make its report.</summary>
    public required Func<LoadOptions, Task<object[]>> RunAsync { get; init; }

    /// <summary>All that exist.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new()
        {
            Name = "ingest",
            What = "open loop: --rate messages per second, latency from when each should leave",
            HasDevices = true,
            RunAsync = static options => IngestScenario.RunAsync(LoadScenario.Open, options),
        },
        new()
        {
            Name = "ingest-max",
            What = "closed loop: --window unacknowledged messages on each connection",
            HasDevices = true,
            RunAsync = static options => IngestScenario.RunAsync(LoadScenario.Closed, options),
        },
        new()
        {
            Name = "compare",
            What = "the closed loop against the grid, mosquitto and MQTTnet in turns, for each of --cells",
            RunAsync = static options => new CompareScenario(options).RunAsync(),
        },
        new()
        {
            Name = "cluster",
            What = "the closed loop against 1, 2 … --silos silos, devices at all of them and all at the first",
            Defaults = new LoadOptions { Storage = "PostgreSql", Window = 128 },
            HasDevices = true,
            RunAsync = static options => new ClusterScenario(options).RunAsync(),
        },
        new()
        {
            Name = "twins",
            What = "--devices that come once: new twins per second, what each costs, and whether all are listed",
            Defaults = new LoadOptions { Devices = 100_000 },
            HasDevices = true,
            RunAsync = static options => new TwinsScenario(options).RunAsync(),
        },
        new()
        {
            Name = "recovery",
            What = "--devices twins, --rate for --seconds, kill -9, start: when it is back and what it lost",
            Defaults = new LoadOptions { Devices = 100_000 },
            HasDevices = true,
            RunAsync = static options => new RecoveryScenario(options).RunAsync(),
        },
        new()
        {
            Name = "bridge",
            What = "devices at a mosquitto, a grid behind its bridge: the most that comes through, latency at --rate",
            Defaults = new LoadOptions { Connections = 20, Devices = 200, Rate = 2_000 },
            HasDevices = true,
            RunAsync = static options => new BridgeScenario(options).RunAsync(),
        },
        new()
        {
            Name = "idle",
            What = "--connections that rest: the server's memory for each; --hostile for such as do wrong",
            Defaults = new LoadOptions { Connections = 10_000 },
            RunAsync = static options => new IdleScenario(options).RunAsync(),
        },
        new()
        {
            Name = "storm",
            What = "--connections that come --within seconds, then once more under the same names",
            Defaults = new LoadOptions { Connections = 5_000 },
            RunAsync = static options => new StormScenario(options).RunAsync(),
        },
    ];
}
