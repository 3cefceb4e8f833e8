using HdrHistogram;

namespace TwinGrid.LoadTest.Reporting;

/// <summary>Latencies in milliseconds.</summary>
internal sealed record LatencyFigures(double P50, double P90, double P99, double P999, double Max)
{
    /// <summary>Those of a histogram in microseconds; null for an empty one.</summary>
    public static LatencyFigures? Of(LongHistogram latencies)
    {
        double At(double percentile) => latencies.GetValueAtPercentile(percentile) / 1000.0;
        return latencies.TotalCount == 0
            ? null
            : new LatencyFigures(At(50), At(90), At(99), At(99.9), latencies.GetMaxValue() / 1000.0);
    }
}

/// <summary>
/// What one run showed; null where it cannot be known (latency with QoS 0, the CPU of a grid that was there before).
/// </summary>
internal sealed record LoadFigures
{
    /// <summary>What an open loop offers; null for a closed one.</summary>
    public double? OfferedPerSecond { get; init; }

    /// <summary>Messages that should have left while it was measured.</summary>
    public long Sent { get; init; }

    /// <summary>Those of them that were acknowledged.</summary>
    public long Acknowledged { get; init; }

    /// <summary>Messages of the whole run, warm-up too, that were acknowledged and are not known.</summary>
    public long? Lost { get; init; }

    /// <summary>Acknowledgements per second.</summary>
    public double MessagesPerSecond { get; init; }

    /// <summary>The same times the values in a message.</summary>
    public double ReadingsPerSecond { get; init; }

    /// <summary>From when each message should have left to its acknowledgement.</summary>
    public LatencyFigures? LatencyMs { get; init; }

    /// <summary>CPU of the grid, its store in it.</summary>
    public double? GridCpuMicrosPerMessage { get; init; }

    /// <summary>CPU of a store that is a process of its own: none with SQLite.</summary>
    public double? StoreCpuMicrosPerMessage { get; init; }

    /// <summary>CPU of this program.</summary>
    public double ClientCpuMicrosPerMessage { get; init; }

    /// <summary>Bytes that the grid allocated.</summary>
    public double? AllocatedBytesPerMessage { get; init; }

    /// <summary>The most memory that the grid had since its start.</summary>
    public double? PeakRssMiB { get; init; }

    /// <summary>Its garbage collections of generation 0, 1 and 2.</summary>
    public long[]? Gc { get; init; }
}
