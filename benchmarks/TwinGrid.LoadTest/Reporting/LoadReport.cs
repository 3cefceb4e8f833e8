using System.Text.Json;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Reporting;

/// <summary>Latencies in milliseconds.</summary>
internal sealed record LatencyFigures(double P50, double P90, double P99, double P999, double Max);

/// <summary>
/// What one run showed; null where it cannot be known (latency with QoS 0, the CPU of a grid that was there before).
/// </summary>
internal sealed record RunFigures
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

/// <summary>The report: medians over the runs, member by member, and the runs.</summary>
internal sealed record LoadReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public required string Scenario { get; init; }

    public required string Machine { get; init; }

    public required LoadOptions Options { get; init; }

    public required RunFigures Median { get; init; }

    public required IReadOnlyList<RunFigures> Runs { get; init; }

    /// <summary>The report as the contract of the load harness shapes it.</summary>
    public string ToJson()
    {
        // The medians stand at the top level, between the options and the runs.
        var report = new Dictionary<string, object?> { ["scenario"] = Scenario, ["machine"] = Machine };
        report["options"] = Options;
        using JsonDocument medians = JsonSerializer.SerializeToDocument(Median, Json);
        foreach (JsonProperty member in medians.RootElement.EnumerateObject())
        {
            report[member.Name] = member.Value;
        }

        report["runs"] = Runs;
        return JsonSerializer.Serialize(report, Json);
    }
}
