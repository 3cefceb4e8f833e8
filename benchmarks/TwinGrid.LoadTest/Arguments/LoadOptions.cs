using System.Text.Json.Serialization;

namespace TwinGrid.LoadTest.Arguments;

/// <summary>What a load is made of; the defaults are a figure that anybody can repeat with one command.</summary>
internal sealed record LoadOptions
{
    /// <summary>MQTT connections; default 50, of <c>idle</c> 10,000 (hostile 1,000), of <c>storm</c> 5,000.</summary>
    public int Connections { get; init; } = 50;

    /// <summary>Devices, spread over the connections, each a twin; default 1,000.</summary>
    public int Devices { get; init; } = 1_000;

    /// <summary>Unacknowledged messages per connection of a closed loop; default 100.</summary>
    public int Window { get; init; } = 100;

    /// <summary>Messages per second, all connections together, of an open loop; default 5,000.</summary>
    public int Rate { get; init; } = 5_000;

    /// <summary>Seconds that are measured; default 10.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>Seconds of warm-up before them, not counted; default 5, which is the least.</summary>
    public int WarmUp { get; init; } = 5;

    /// <summary>MQTT quality of service, 0 or 1; default 1.</summary>
    public int Qos { get; init; } = 1;

    /// <summary>The protocol, 3 for MQTT 3.1.1 or 5 for MQTT 5; default 3.</summary>
    public int Mqtt { get; init; } = 3;

    /// <summary>Telemetry values per message; default 1.</summary>
    public int Readings { get; init; } = 1;

    /// <summary>Durable or Applied, for a grid of our own; default Durable.</summary>
    public string Acknowledge { get; init; } = "Durable";

    /// <summary>none, or standard: Anomaly and TrendToLimit on all telemetry of an own grid; default none.</summary>
    public string Models { get; init; } = "none";

    /// <summary>The store of a grid of our own, Sqlite or PostgreSql; default Sqlite.</summary>
    public string Storage { get; init; } = "Sqlite";

    /// <summary>The database of <c>--storage PostgreSql</c>; it may hold a password, so no report shows it.</summary>
    [JsonIgnore]
    public string? ConnectionString { get; init; }

    /// <summary>The most silos that <c>cluster</c> starts, from one up; default 3.</summary>
    public int Silos { get; init; } = 3;

    /// <summary>Runs, of which the medians are reported; default 3.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>What is started and loaded; default grid, with <c>compare</c> all that are installed.</summary>
    public IReadOnlyList<string> Server { get; init; } = [];

    /// <summary>Connections and windows of <c>compare</c>, such as 50x128.</summary>
    public IReadOnlyList<LoadCell> Cells { get; init; } = [new(50, 128), new(50, 8), new(50, 1), new(1, 128)];

    /// <summary>What the clients of <c>idle</c> do wrong; default null, nothing.</summary>
    public string? Hostile { get; init; }

    /// <summary>The seconds in which all clients of <c>storm</c> come; default 2.</summary>
    public int Within { get; init; } = 2;

    /// <summary>clean or persistent, the sessions of <c>storm</c>; default clean.</summary>
    public string Session { get; init; } = "clean";

    /// <summary>A grid, or any MQTT broker, that runs already: mqtt://host:port; default none.</summary>
    public Uri? Target { get; init; }

    /// <summary>The API of <see cref="Target"/>, http://host:port, to count what was lost; default none.</summary>
    public Uri? Api { get; init; }

    /// <summary>Where a grid of our own keeps its data; default a new temporary directory.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The file for the report; default none.</summary>
    public string? Report { get; init; }
}

/// <summary>One load of a comparison.</summary>
/// <param name="Connections">MQTT connections.</param>
/// <param name="Window">Unacknowledged messages on each.</param>
internal readonly record struct LoadCell(int Connections, int Window);
