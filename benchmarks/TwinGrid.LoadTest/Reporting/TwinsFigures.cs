namespace TwinGrid.LoadTest.Reporting;

/// <summary>How new twins came to be; null where it cannot be known.</summary>
internal sealed record TwinsFigures
{
    /// <summary>Devices that came, each once.</summary>
    public int Twins { get; init; }

    /// <summary>From the first message to the last acknowledgement.</summary>
    public double Seconds { get; init; }

    /// <summary>Both together.</summary>
    public double TwinsPerSecond { get; init; }

    /// <summary>From a message to its acknowledgement, with a full queue.</summary>
    public LatencyFigures? LatencyMs { get; init; }

    /// <summary>The grid's CPU for each, its store in it where that is SQLite.</summary>
    public double? GridCpuMicrosPerTwin { get; init; }

    /// <summary>Bytes of the grid's memory for each, active, after its garbage was collected.</summary>
    public double? RssBytesPerTwin { get; init; }

    /// <summary>Bytes of its garbage-collected heap for each.</summary>
    public double? HeapBytesPerTwin { get; init; }

    /// <summary>The most memory that the grid had until the last acknowledgement.</summary>
    public double? PeakRssMiB { get; init; }

    /// <summary>How many of them are listed, each once and in order.</summary>
    public long? Listed { get; init; }
}

/// <summary>What a kill under load took, and how soon the grid was back.</summary>
internal sealed record RecoveryFigures
{
    /// <summary>Twins with state.</summary>
    public int Twins { get; init; }

    /// <summary>Messages that were acknowledged before the kill.</summary>
    public long AcknowledgedBefore { get; init; }

    /// <summary>Messages that were on their way when it was killed.</summary>
    public long InFlight { get; init; }

    /// <summary>Seconds from the new process to <c>/health/ready</c>.</summary>
    public double ReadySeconds { get; init; }

    /// <summary>Seconds from the new process to the first acknowledgement, durable.</summary>
    public double FirstAcknowledgementSeconds { get; init; }

    /// <summary>How long a look at a twin took, one after the other, while the load goes on again.</summary>
    public LatencyFigures? ReadMs { get; init; }

    /// <summary>From each message of that load to its acknowledgement.</summary>
    public LatencyFigures? LatencyMs { get; init; }

    /// <summary>Messages that were acknowledged and that the grid does not know, of both loads.</summary>
    public long Lost { get; init; }

    /// <summary>Messages that the grid knows and that nobody sent, or that it counted twice.</summary>
    public long Phantom { get; init; }
}
