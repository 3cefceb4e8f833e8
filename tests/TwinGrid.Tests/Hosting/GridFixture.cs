namespace TwinGrid.Tests.Hosting;

/// <summary>One grid for all tests of a class, with a kind <c>turbine</c>; each test uses twins of its own.</summary>
public sealed class GridFixture : IAsyncLifetime
{
    internal RunningGrid Grid { get; private set; } = null!;

    internal HttpClient Http => Grid.Http;

    /// <summary>A turbine that raises an alarm over 85 °C and knows two commands.</summary>
    internal static TwinDefinition Turbine { get; } = new()
    {
        Kind = "turbine",
        Telemetry =
        [
            new TelemetryDefinition { Name = "bearingTemperature", Unit = "degreeCelsius", Min = -40, Max = 200 },
            new TelemetryDefinition { Name = "power", Unit = "kilowatt" },
        ],
        Commands = [new CommandDefinition { Name = "derate" }, new CommandDefinition { Name = "stop" }],
        Policies =
        [
            new PolicyDefinition
            {
                Name = "overheat", When = "bearingTemperature > 85", Clear = "bearingTemperature < 80",
                Severity = AlarmSeverity.Major,
            },
        ],
    };

    public async ValueTask InitializeAsync() =>
        Grid = await RunningGrid.StartAsync(grid => grid.AddDefinition(Turbine));

    public ValueTask DisposeAsync() => Grid.DisposeAsync();
}
