using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using TwinGrid.Hosting.Roles;
using TwinGrid.Hosting.Security;

namespace TwinGrid.Hosting.Clustering;

/// <summary>How a silo finds the others, how soon it takes one for dead, and how twins are found among them.</summary>
internal static class SiloMembership
{
    /// <summary>Parts of the directory per silo, so that the silos' shares are about equal; the same for all.</summary>
    private const int DirectoryParts = 30;

    /// <summary>
    /// How often a silo writes that it lives; three times that it may be late. After a crash of all silos those that
    /// come ask only those that were not: with Orleans' 30 s they would ask the dead for a minute and a half.
    /// </summary>
    private static readonly TimeSpan s_aliveEvery = TimeSpan.FromSeconds(3);

    public static void Add(ISiloBuilder silo, ClusterMembership membership, GridGrainDirectory directory)
    {
        AddNames(silo.Services);
        if (membership == ClusterMembership.Localhost)
        {
            silo.UseDevelopmentClustering(static (OptionsBuilder<DevelopmentClusterMembershipOptions> options) =>
                options.Configure<IOptions<GridClusterOptions>>(static (primary, cluster) =>
                    primary.PrimarySiloEndpoint = new IPEndPoint(
                        GridListener.Parse(cluster.Value.AdvertisedAddress), cluster.Value.SiloPort)));
            return;
        }

        if (membership == ClusterMembership.PostgreSql)
        {
            silo.Services.AddSingleton<MembershipTables, MembershipTables.InPostgreSql>();
        }
        else
        {
            silo.Services.AddSingleton<MembershipTables, MembershipTables.InSqlite>();
        }

        silo.UseAdoNetClustering(static options => options.Configure<MembershipTables>(
            static (provider, tables) => tables.Configure(provider)));
        silo.Services.AddOptions<ClusterMembershipOptions>()
            .Configure<IOptions<GridClusterOptions>>(static (orleans, cluster) => Tune(orleans, cluster.Value));
        if (directory == GridGrainDirectory.Distributed)
        {
#pragma warning disable ORLEANSEXP003 // Experimental in Orleans 10.4; the key Cluster:GrainDirectory turns it off.
            silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
            silo.Services.Configure<GrainDirectoryOptions>(static options =>
            {
                options.PartitionsPerSilo = DirectoryParts;

                // No twin is loaded before its dead silo is fenced and its lease over, by the database's own clock:
                // the directory needs to wait for nothing besides.
                options.RangeLeaseDuration = TimeSpan.Zero;
            });
        }
    }

    private static void AddNames(IServiceCollection services)
    {
        services.AddOptions<ClusterOptions>().Configure<IOptions<GridClusterOptions>>(static (orleans, cluster) =>
        {
            orleans.ClusterId = cluster.Value.ClusterId;
            orleans.ServiceId = cluster.Value.ServiceId;
        });
        services.AddOptions<SiloOptions>().Configure<IOptions<GridClusterOptions>>(
            static (orleans, cluster) => orleans.SiloName = cluster.Value.SiloName);
        services.AddOptions<EndpointOptions>().Configure<IOptions<GridClusterOptions>>(static (orleans, cluster) =>
        {
            orleans.AdvertisedIPAddress = GridListener.Parse(cluster.Value.AdvertisedAddress);
            orleans.SiloPort = cluster.Value.SiloPort;
            orleans.SiloListeningEndpoint = cluster.Value.SiloListenPort == 0
                ? null
                : new IPEndPoint(orleans.AdvertisedIPAddress, cluster.Value.SiloListenPort);
            orleans.GatewayPort = cluster.Value.GatewayPort;
        });
    }

    private static void Tune(ClusterMembershipOptions orleans, GridClusterOptions cluster)
    {
        orleans.ProbeTimeout = cluster.ProbeTimeout;
        orleans.MinProbeTimeout = cluster.ProbeTimeout.Value / 2;
        orleans.MaxProbeTimeout = cluster.MaxProbeTimeout;
        orleans.NumMissedProbesLimit = cluster.MissedProbes;
        orleans.TableRefreshTimeout = cluster.TableRefresh;
        orleans.IAmAliveTablePublishTimeout = s_aliveEvery;
    }
}
