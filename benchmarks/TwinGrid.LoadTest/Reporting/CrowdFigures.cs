namespace TwinGrid.LoadTest.Reporting;

/// <summary>What clients cost a server that rest, or that do wrong; null where it cannot be known.</summary>
internal sealed record IdleFigures
{
    /// <summary>The server.</summary>
    public required string Server { get; init; }

    /// <summary>Clients that came.</summary>
    public int Connections { get; init; }

    /// <summary>What they do wrong; null for nothing.</summary>
    public string? Hostile { get; init; }

    /// <summary>Seconds until all had come.</summary>
    public double ConnectSeconds { get; init; }

    /// <summary>Bytes of the server's memory for each, after its garbage was collected.</summary>
    public double? RssBytesPerConnection { get; init; }

    /// <summary>Bytes of its garbage-collected heap for each.</summary>
    public double? HeapBytesPerConnection { get; init; }

    /// <summary>Bytes of its memory for each at the worst moment.</summary>
    public double? PeakRssBytesPerConnection { get; init; }

    /// <summary>Clients that were connected in the end.</summary>
    public int StillConnected { get; init; }
}

/// <summary>How a server took many clients at once.</summary>
internal sealed record StormFigures
{
    /// <summary>Clients that came.</summary>
    public int Connections { get; init; }

    /// <summary>Seconds from when the first should come to the last CONNACK.</summary>
    public double SecondsToLast { get; init; }

    /// <summary>From when a client should come to its CONNACK.</summary>
    public LatencyFigures? ConnectMs { get; init; }

    /// <summary>How late the client itself was with 99 % of them: it is in the latency.</summary>
    public double StartLagP99Ms { get; init; }

    /// <summary>Clients that were accepted.</summary>
    public int Accepted { get; init; }

    /// <summary>Clients that were refused by a CONNACK.</summary>
    public int Refused { get; init; }

    /// <summary>Clients whose connection failed or that had no answer in time.</summary>
    public int Failed { get; init; }

    /// <summary>Clients whose session was still there.</summary>
    public int SessionsPresent { get; init; }

    /// <summary>Connections of a storm before that the server ended, as it must when a client comes again.</summary>
    public int TakenOver { get; init; }

    /// <summary>The server's CPU for each client, in microseconds; null where it cannot be known.</summary>
    public double? ServerCpuMicrosPerConnection { get; init; }
}
