using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Mutants;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Devices;

/// <summary>What a simulated device is given.</summary>
internal sealed record DeviceSetup
{
    /// <summary>Its number, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>What it does and sees is written here.</summary>
    public required TwinHistory History { get; init; }

    /// <summary>What it executes is written here.</summary>
    public required CommandHistory Commands { get; init; }

    /// <summary>The gateways, in the order in which it tries them.</summary>
    public required IReadOnlyList<GatewayDoor> Gateways { get; init; }

    /// <summary>The file of its memory.</summary>
    public required string Memory { get; init; }

    /// <summary>Readings in a message.</summary>
    public required int Batch { get; init; }

    /// <summary>How often it measures.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>
    /// Messages that it keeps unacknowledged before it stops to measure; the grid knows the last 1,024 numbers of a
    /// publisher exactly, and a device must not send again what is older.
    /// </summary>
    public int Window { get; init; } = 24;

    /// <summary>What it does wrong on purpose.</summary>
    public Mutant Mutant { get; init; }

    /// <summary>
    /// True for a device that saves power: it measures always and is connected only half of the time, so that commands
    /// wait for it, expire without it and are called back before it has them.
    /// </summary>
    public bool Sleeps => Index % 5 == 3;

    /// <summary>4 for MQTT 3.1.1, 5 for 5.</summary>
    public int Version => Index % 2 == 0 ? 5 : 4;
}
