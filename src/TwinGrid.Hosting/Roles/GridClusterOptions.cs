using System.Net;

namespace TwinGrid.Hosting.Roles;

/// <summary>Where the silos of a cluster find each other.</summary>
public enum ClusterMembership
{
    /// <summary>Nowhere: one silo.</summary>
    Localhost = 0,

    /// <summary>In the database of <c>TwinGrid:Storage:ConnectionString</c>.</summary>
    PostgreSql = 1,

    /// <summary>
    /// In the file <c>cluster.db</c> of the data directory, which processes of one machine share; for tests.
    /// </summary>
    Sqlite = 2,
}

/// <summary>How the silos of a cluster know which of them a twin is active on.</summary>
public enum GridGrainDirectory
{
    /// <summary>
    /// View-synchronous: one activation as long as the silos agree on who is a member, and none is dropped when
    /// another silo dies.
    /// </summary>
    Distributed = 0,

    /// <summary>
    /// Eventually consistent: while silos come and go a twin may be active twice for a moment. The store then lets one
    /// of both commit, and a read may be answered by the other.
    /// </summary>
    Local = 1,
}

/// <summary>The cluster that a silo belongs to, section <c>TwinGrid:Cluster</c>. Read at the start.</summary>
public sealed class GridClusterOptions
{
    /// <summary>Where the silos find each other; default one silo.</summary>
    public ClusterMembership Membership { get; set; }

    /// <summary>
    /// The cluster's name; clients and silos of another do not connect, and two that live at once cannot share a
    /// database. Default <c>twingrid</c>.
    /// </summary>
    public string ClusterId { get; set; } = "twingrid";

    /// <summary>The service's name, the same over the life of the data. Default <c>twingrid</c>.</summary>
    public string ServiceId { get; set; } = "twingrid";

    /// <summary>
    /// This silo's name, of its own in the cluster and the same after a restart: it decides which twins live there.
    /// Default the host's name.
    /// </summary>
    public string SiloName { get; set; } = Dns.GetHostName();

    /// <summary>The port for other silos; default 11111.</summary>
    public int SiloPort { get; set; } = 11_111;

    /// <summary>
    /// Where this silo listens for the others when they reach it by another port: when a port of a container, or a
    /// proxy, stands at <see cref="SiloPort"/>. Default 0: at <see cref="SiloPort"/> itself.
    /// </summary>
    public int SiloListenPort { get; set; }

    /// <summary>The port for clients (TwinGrid.Client); default 30000.</summary>
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>The address that both ports listen on and that others are told; default 127.0.0.1.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>
    /// How twins are found in a cluster; default <see cref="GridGrainDirectory.Distributed"/>. The same for all silos:
    /// stop all of them to change it.
    /// </summary>
    public GridGrainDirectory GrainDirectory { get; set; }

    /// <summary>
    /// How long a silo that is asked whether it lives may take, and how often it is asked, as long as nothing was
    /// learnt of it; then its own times of answer decide, between the half of this and <see cref="MaxProbeTimeout"/>.
    /// Default 1200 ms.
    /// </summary>
    public Duration ProbeTimeout { get; set; } = TimeSpan.FromMilliseconds(1_200);

    /// <summary>
    /// How long at most; <see cref="MissedProbes"/> times this a silo that stands still counts as alive as long as its
    /// connection is open. Default 2 s: more is more patient with pauses, and with silos that died.
    /// </summary>
    public Duration MaxProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>After so many missed answers a silo is suspected; two that do declare it dead. Default 3.</summary>
    public int MissedProbes { get; set; } = 3;

    /// <summary>
    /// For how long a silo answers reads after it last asked the database whether its twins are still its own; it asks
    /// four times in that. Twins of a silo that died are not read elsewhere before. Default 2 s, the same for all.
    /// </summary>
    public Duration Lease { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How often the list of silos is read from its table, beside what silos tell each other; default 10 s.
    /// </summary>
    public Duration TableRefresh { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many twins a silo gives away per second after others came or went; default 200. A silo that stops gives its
    /// twins away as fast as it can.
    /// </summary>
    public int MovesPerSecond { get; set; } = 200;
}
