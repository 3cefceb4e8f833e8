namespace TwinGrid.LoadTest.Reporting;

/// <summary>What came through the bridge from a broker on the same machine.</summary>
internal sealed record BridgeFigures
{
    /// <summary>Messages that the broker acknowledged to the devices.</summary>
    public long Acknowledged { get; init; }

    /// <summary>Those of them that the grid does not know in the end.</summary>
    public long Lost { get; init; }

    /// <summary>Messages per second that the broker took.</summary>
    public double BrokerMessagesPerSecond { get; init; }

    /// <summary>Messages per second, from the first that left a device to the last that its twin shows.</summary>
    public double MessagesPerSecond { get; init; }

    /// <summary>The same times the values in a message.</summary>
    public double ReadingsPerSecond { get; init; }

    /// <summary>What the grid was offered while latency was measured.</summary>
    public int OfferedPerSecond { get; init; }

    /// <summary>From a device's publishing to a watcher of its twin, who sees what is committed.</summary>
    public LatencyFigures? SeenMs { get; init; }
}
