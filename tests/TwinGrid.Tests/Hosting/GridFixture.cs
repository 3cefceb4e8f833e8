using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Hosting;

/// <summary>One grid for all tests of a class, with a kind <c>turbine</c>; each test uses twins of its own.</summary>
public sealed class GridFixture : IAsyncLifetime
{
    internal RunningGrid Grid { get; private set; } = null!;

    internal HttpClient Http => Grid.Http;

    /// <summary>A turbine that raises an alarm over 85 °C, knows two commands and can be limited.</summary>
    internal static TwinDefinition Turbine { get; } = new()
    {
        Kind = "turbine",
        Telemetry =
        [
            new TelemetryDefinition { Name = "bearingTemperature", Unit = "degreeCelsius", Min = -40, Max = 200 },
            new TelemetryDefinition { Name = "power", Unit = "kilowatt" },
        ],
        Properties =
        [
            new PropertyDefinition { Name = "powerLimit", Type = TelemetryType.Number, Writable = true },
            new PropertyDefinition { Name = "serial" },
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

    /// <summary>The device reports properties, as its gateway brings them.</summary>
    internal async Task ReportAsync(TwinId twin, string patch) => Assert.Equal(
        IngestStatus.Accepted,
        (await Grid.Services.GetRequiredService<ITwinIngest>().IngestAsync(twin, PackedInputs.Pack(
            InputKind.ReportedProperties,
            UnixMicroseconds.Now(TimeProvider.System),
            Encoding.UTF8.GetBytes(patch)))).Status);

    public ValueTask DisposeAsync() => Grid.DisposeAsync();
}
