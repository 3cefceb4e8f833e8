using System.Net;

namespace TwinGrid.FaultTests.Network;

/// <summary>Where a process of the grid is; the same in all its lives.</summary>
internal sealed record NetworkPlace
{
    /// <summary>Its API, health and metrics, as people reach it.</summary>
    public required Uri Web { get; init; }

    /// <summary>Its MQTT listener, as devices reach it.</summary>
    public required GatewayDoor Gateway { get; init; }

    /// <summary>Where other silos reach it: what the cluster calls it.</summary>
    public required IPEndPoint Silo { get; init; }

    /// <summary>Where Orleans clients reach it.</summary>
    public required IPEndPoint Clients { get; init; }

    /// <summary>What makes it listen there and find PostgreSQL, without the section's name.</summary>
    public required IReadOnlyList<string> Settings { get; init; }

    /// <summary>The program and its arguments that it is started under; none where it needs none.</summary>
    public required IReadOnlyList<string> Under { get; init; }
}
