namespace TwinGrid.LoadTest.Reporting;

/// <summary>What the servers of a comparison did under one load.</summary>
/// <param name="Connections">MQTT connections.</param>
/// <param name="Window">Unacknowledged messages on each.</param>
/// <param name="Servers">Each server's figures.</param>
internal sealed record CellFigures(int Connections, int Window, IReadOnlyList<ServerFigures> Servers);

/// <summary>What one server did under one load.</summary>
internal sealed record ServerFigures
{
    /// <summary>The server's name; of a grid, how it acknowledges.</summary>
    public required string Server { get; init; }

    /// <summary>The medians over the runs; null where there is no result.</summary>
    public LoadFigures? Median { get; init; }

    /// <summary>Its messages per second, over those of MQTTnet on Kestrel in the same run.</summary>
    public double? RatioToMqttnet { get; init; }

    /// <summary>Why there is no result; null where there is one.</summary>
    public string? Refused { get; init; }

    /// <summary>The runs.</summary>
    public required IReadOnlyList<LoadFigures> Runs { get; init; }
}
