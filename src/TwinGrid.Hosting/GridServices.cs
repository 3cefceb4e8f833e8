using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using TwinGrid.Dtdl;
using TwinGrid.Hosting.Api;
using TwinGrid.Hosting.Clustering;
using TwinGrid.Hosting.Health;
using TwinGrid.Hosting.Observability;
using TwinGrid.Hosting.Roles;
using TwinGrid.Hosting.Security;
using TwinGrid.Hosting.Settings;
using TwinGrid.Hosting.Startup;
using TwinGrid.MqttGateway;
using TwinGrid.Storage;
using TwinGrid.Storage.PostgreSql;
using TwinGrid.Twins;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Timing;

namespace TwinGrid.Hosting;

/// <summary>
/// Puts the grid's parts together: the only place that knows all of them. Hosted services start in the order of
/// registration: what must be right first, the silo, the MQTT listener; the host's HTTP server comes last.
/// </summary>
internal static class GridServices
{
    public static void Add(IHostApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.TryAddSingleton<TimeProvider>(new GridClock(TimeProvider.System));
        AddSettings(services);
        AddDefinitions(services);
        AddStore(services, StorageSwitch.IsPostgreSql(builder.Configuration));
        services.AddSingleton<ListenerCheck>();
        services.AddSingleton<GridStartup>();
        services.AddHostedService(static provider => provider.GetRequiredService<GridStartup>());
        services.TryAddSingleton<IFatalErrorHandler, SiloEnd>();
        builder.UseOrleans(silo => AddSilo(silo, DashboardSwitch.IsOn(builder.Configuration)));
        services.AddMqttGateway();
        AddApi(services);
        MetricsExport.Add(builder);
    }

    /// <summary>
    /// The settings and a store that only reads, and nothing that would run or hold up a silo beside it.
    /// </summary>
    public static void AddStoreToRead(IHostApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.TryAddSingleton<TimeProvider>(new GridClock(TimeProvider.System));
        AddSettings(services);
        if (StorageSwitch.IsPostgreSql(builder.Configuration))
        {
            services.AddPostgreSqlTwinStore(new StoreOwner("verify", "verify", IsAlone: false));
            return;
        }

        services.AddUnheldSqliteTwinStore(static provider =>
            provider.GetRequiredService<IOptions<TwinGridOptions>>().Value.DataDirectory);
    }

    /// <summary>
    /// What definitions are read with where no silo runs: Orleans' grain storage, and the types that they name.
    /// </summary>
    public static void AddDefinitionsToRead(IHostApplicationBuilder builder)
    {
        builder.Services.AddTwinGridModels();
        if (StorageSwitch.IsPostgreSql(builder.Configuration))
        {
            builder.Services.AddSingleton<ControlPlaneTables, ControlPlaneTables.InPostgreSql>();
        }
        else
        {
            builder.Services.AddSingleton<ControlPlaneTables, ControlPlaneTables.InSqliteToRead>();
        }

        // Orleans' parts want a cluster to be made; this one, alone whatever is set, is never started.
        builder.UseOrleans(static silo =>
        {
            SiloMembership.Add(silo, ClusterMembership.Localhost, GridGrainDirectory.Local);
            AddControlPlane(silo);
        });
    }

    private static void AddSettings(IServiceCollection services)
    {
        services.AddSingleton<GridSettings>();
        services.BindSettings<TwinGridOptions>("").ValidateOnStart();
        services.BindSettings<HttpOptions>("Http");
        services.BindSettings<GridClusterOptions>("Cluster");
        services.BindSettings<SecurityOptions>("Security");
        services.BindSettings<LimitOptions>("Limits");
        services.BindSettings<StorageOptions>("Storage");
        services.BindSettings<ControlOptions>("Control");
        services.BindSettings<MqttOptions>("Mqtt").PostConfigure<IOptions<TwinGridOptions>>(static (mqtt, grid) =>
        {
            if (!grid.Value.Roles.HasFlag(GridRoles.Gateway))
            {
                (mqtt.Port, mqtt.Bridge.Server) = (-1, null);
            }
        });
        services.BindSettings<IngestOptions>("Ingest")
            .PostConfigure<IOptions<MqttOptions>, IOptions<GridClusterOptions>>(static (ingest, mqtt, cluster) =>
            {
                ingest.Acknowledge = mqtt.Value.Acknowledge == MqttAcknowledge.Applied
                    ? Acknowledgement.Applied
                    : Acknowledgement.Durable;

                // Where silos reach each other over a network, listeners of other processes may be anybody's to reach,
                // and so may a broker elsewhere.
                ingest.NewTwins ??= IPAddress.IsLoopback(GridListener.Parse(mqtt.Value.Address))
                    && IPAddress.IsLoopback(GridListener.Parse(cluster.Value.AdvertisedAddress))
                    && mqtt.Value.Bridge.IsLocal
                        ? NewTwins.Any
                        : NewTwins.KnownKinds;
            });
        services.AddTransient(static provider =>
        {
            MqttOptions mqtt = provider.GetRequiredService<IOptions<MqttOptions>>().Value;
            return new GridListener(
                "TwinGrid:Mqtt:Address", "TwinGrid:Mqtt:Port", GridListener.Parse(mqtt.Address), mqtt.Port);
        });
    }

    private static void AddDefinitions(IServiceCollection services)
    {
        services.AddTwinGridModels();
        services.AddSingleton(static provider =>
        {
            TwinGridOptions grid = provider.GetRequiredService<IOptions<TwinGridOptions>>().Value;
            IEnumerable<TwinDefinition> files = DefinitionLoader.LoadDirectory(grid.DefinitionsDirectory);
            return new DefinitionSet([.. files, .. provider.GetServices<TwinDefinition>()]);
        });
        services.AddSingleton<DefinitionCheck>();
    }

    private static void AddStore(IServiceCollection services, bool postgreSql)
    {
        if (postgreSql)
        {
            // A silo that is alone, whatever its host is called, fences whoever wrote for the cluster before.
            services.AddPostgreSqlTwinStore(static provider =>
            {
                GridClusterOptions cluster = provider.GetRequiredService<IOptions<GridClusterOptions>>().Value;
                string directory = provider.GetRequiredService<IOptions<TwinGridOptions>>().Value.DataDirectory;
                return new StoreOwner(
                    cluster.ClusterId,
                    cluster.SiloName,
                    cluster.Membership == ClusterMembership.Localhost,
                    Path.Combine(directory, "postgresql.last"))
                {
                    Life = provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString(),
                    Lease = cluster.Lease,
                };
            });
            services.AddSingleton<ControlPlaneTables, ControlPlaneTables.InPostgreSql>();
            return;
        }

        services.AddSingleton(static provider => DataDirectoryLock.Acquire(
            provider.GetRequiredService<IOptions<TwinGridOptions>>().Value.DataDirectory));
        services.AddSqliteTwinStore(
            static provider => provider.GetRequiredService<DataDirectoryLock>().Directory,
            static (provider, failure) => provider.GetRequiredService<IFatalErrorHandler>().OnFatalException(
                null, "A commit could not be kept", failure));
        services.AddSingleton<ControlPlaneTables, ControlPlaneTables.InSqlite>();
    }

    private static void AddSilo(ISiloBuilder silo, bool dashboard)
    {
        SiloMembership.Add(
            silo, ClusterSwitch.Membership(silo.Configuration), ClusterSwitch.Directory(silo.Configuration));
        AddControlPlane(silo);
        silo.AddTwins();
        silo.Services.AddOptions<TwinsHostingOptions>()
            .Configure<IOptions<TwinGridOptions>, IOptions<GridClusterOptions>>(static (twins, grid, cluster) =>
            {
                twins.HostsTwins = grid.Value.Roles.HasFlag(GridRoles.Twins);
                twins.Lease = cluster.Value.Lease;
                twins.MovesPerSecond = cluster.Value.MovesPerSecond;
            });
        silo.Services.AddTransient(static provider => Listener(
            provider, "SiloPort", static o => o.SiloListenPort == 0 ? o.SiloPort : o.SiloListenPort));
        silo.Services.AddTransient(static provider => Listener(provider, "GatewayPort", static o => o.GatewayPort));
        if (dashboard)
        {
            silo.AddDashboard();
        }
    }

    private static void AddControlPlane(ISiloBuilder silo)
    {
        silo.AddAdoNetGrainStorage(TwinsSiloBuilderExtensions.ControlPlaneStorage, static options =>
            options.Configure<ControlPlaneTables>(static (storage, tables) => tables.Configure(storage)));

        // The last of a name counts, also for Orleans, which asks for it to start it.
        silo.Services.AddKeyedSingleton(
            TwinsSiloBuilderExtensions.ControlPlaneStorage,
            static (provider, name) => provider.GetRequiredService<ControlPlaneTables>().Over(
                AdoNetGrainStorageFactory.Create(provider, (string)name!)));
    }

    private static GridListener Listener(IServiceProvider provider, string key, Func<GridClusterOptions, int> port)
    {
        GridClusterOptions cluster = provider.GetRequiredService<IOptions<GridClusterOptions>>().Value;
        return new GridListener(
            "TwinGrid:Cluster:AdvertisedAddress",
            $"TwinGrid:Cluster:{key}",
            GridListener.Parse(cluster.AdvertisedAddress),
            port(cluster));
    }

    private static void AddApi(IServiceCollection services)
    {
        services.TryAddSingleton<IngestBudget>();
        services.AddSingleton<ApiCalls>();
        services.AddSingleton<ApiGuard>();
        services.AddSingleton<TelemetryRoutes>();
        services.AddSingleton<WatchRoutes>();
        services.AddSingleton<GridHealth>();
        services.ConfigureHttpJsonOptions(static json =>
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, TwinGridJson.Default));
        services.AddOpenApi("v1", static document =>
            document.ShouldInclude = static route => route.GroupName == TwinGridRoutes.Group);
    }
}
