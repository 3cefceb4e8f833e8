namespace TwinGrid.FaultTests.Network;

/// <summary>What the parties of a run reach each other through.</summary>
internal enum NetworkKind
{
    /// <summary>Loopback, with a TCP proxy between any two.</summary>
    Proxy,

    /// <summary>A network namespace for each party, with a router between them that loses packets.</summary>
    Namespaces,
}
