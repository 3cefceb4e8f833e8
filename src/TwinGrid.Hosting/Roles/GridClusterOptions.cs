using System.Net;

namespace TwinGrid.Hosting.Roles;

/// <summary>Who is in the cluster; <c>Localhost</c> is so far the only choice.</summary>
public enum ClusterMembership
{
    /// <summary>One silo.</summary>
    Localhost = 0,
}

/// <summary>The cluster that a silo belongs to, section <c>TwinGrid:Cluster</c>. Read at the start.</summary>
public sealed class GridClusterOptions
{
    /// <summary>Who is in the cluster; default one silo.</summary>
    public ClusterMembership Membership { get; set; }

    /// <summary>The cluster's name; clients and silos of another do not connect. Default <c>twingrid</c>.</summary>
    public string ClusterId { get; set; } = "twingrid";

    /// <summary>The service's name, the same over the life of the data. Default <c>twingrid</c>.</summary>
    public string ServiceId { get; set; } = "twingrid";

    /// <summary>This silo's name; default the host's name.</summary>
    public string SiloName { get; set; } = Dns.GetHostName();

    /// <summary>The port for other silos; default 11111.</summary>
    public int SiloPort { get; set; } = 11_111;

    /// <summary>The port for clients (TwinGrid.Client); default 30000.</summary>
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>The address that both ports listen on and that others are told; default 127.0.0.1.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";
}
