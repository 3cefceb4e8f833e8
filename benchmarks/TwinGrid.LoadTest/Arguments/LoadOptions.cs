namespace TwinGrid.LoadTest.Arguments;

/// <summary>What a load is made of; the defaults are a figure that anybody can repeat with one command.</summary>
internal sealed record LoadOptions
{
    /// <summary>MQTT connections; default 50.</summary>
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

    /// <summary>Telemetry values per message; default 1.</summary>
    public int Readings { get; init; } = 1;

    /// <summary>Durable or Applied, for a grid of our own; default Durable.</summary>
    public string Acknowledge { get; init; } = "Durable";

    /// <summary>Runs, of which the medians are reported; default 3.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>A grid, or any MQTT broker, that runs already: mqtt://host:port; default none.</summary>
    public Uri? Target { get; init; }

    /// <summary>The API of <see cref="Target"/>, http://host:port, to count what was lost; default none.</summary>
    public Uri? Api { get; init; }

    /// <summary>Where a grid of our own keeps its data; default a new temporary directory.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The file for the report; default none.</summary>
    public string? Report { get; init; }
}
