using TwinGrid.FaultTests.Mutants;

namespace TwinGrid.FaultTests.Arguments;

/// <summary>What a run is.</summary>
internal sealed record FaultOptions
{
    /// <summary>How long faults come, seconds.</summary>
    public int Seconds { get; init; } = 120;

    /// <summary>How many come.</summary>
    public int Faults { get; init; } = 10;

    /// <summary>What decides which and when.</summary>
    public int Seed { get; init; } = Environment.TickCount;

    /// <summary>Processes of the grid with all roles.</summary>
    public int Silos { get; init; } = 3;

    /// <summary>Processes beside them that are gateways only; null for one in a cluster.</summary>
    public int? GatewaysAsked { get; init; }

    /// <summary>Processes beside the silos that are gateways only.</summary>
    public int Gateways => GatewaysAsked ?? (Silos > 1 ? 1 : 0);

    /// <summary>Simulated devices, one twin each.</summary>
    public int Devices { get; init; } = 40;

    /// <summary>Readings in a message.</summary>
    public int Batch { get; init; } = 25;

    /// <summary>Milliseconds between two messages of a device.</summary>
    public int Period { get; init; } = 250;

    /// <summary>Where the report is written; null for nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Where homes and outputs of the silos are kept; null for a directory that goes.</summary>
    public string? Keep { get; init; }

    /// <summary>What is wrong on purpose.</summary>
    public Mutant Mutant { get; init; }
}
