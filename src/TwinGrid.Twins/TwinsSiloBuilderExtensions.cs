using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using TwinGrid;
using TwinGrid.Twins;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.History;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.Placement;
using TwinGrid.Twins.Presence;
using TwinGrid.Twins.Timing;
using TwinGrid.Twins.Watching;

namespace Orleans.Hosting;

/// <summary>Adds the twins to a silo.</summary>
public static class TwinsSiloBuilderExtensions
{
    /// <summary>
    /// The name of the grain storage that definitions and the catalogue of twins are kept in; the host adds a provider
    /// of this name.
    /// </summary>
    public const string ControlPlaneStorage = "twingrid";

    /// <summary>
    /// A call may follow its twin so often: with Orleans' two, calls fail where a twin goes while its new place becomes
    /// known.
    /// </summary>
    private const int MostForwards = 8;

    /// <summary>
    /// Adds the twin grain, its placement and the road to it. The host registers an <see cref="ITwinStore"/>, a
    /// <see cref="DefinitionSet"/> and grain storage named <see cref="ControlPlaneStorage"/>. Where
    /// <see cref="TwinsHostingOptions.HostsTwins"/> is false only the road is there.
    /// </summary>
    public static ISiloBuilder AddTwins(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.TryAddSingleton<TimeProvider>(new GridClock(TimeProvider.System));
        services.TryAddSingleton(DefinitionSet.Empty);
        services.AddSingleton<KindRegistry>();
        services.AddSingleton<ActiveTwins>();
        services.AddSingleton<NewTwinGate>();
        services.AddSingleton<GroupCommit>();
        services.AddSingleton(static provider => provider.GetRequiredService<GroupCommit>().Health);
        services.AddSingleton(static provider =>
            ActivatorUtilities.CreateInstance<HistorySealer>(provider, IsOurs(provider)));
        services.AddSingleton<FoldedTails>();
        services.AddSingleton<TimerWheel>();
        services.AddSingleton<WatchBudget>();
        services.AddSingleton<ModelBatches>();
        services.AddSingleton<SiloLease>();
        services.AddSingleton<DeadSilos>();
        services.AddSingleton<DueTwins>();
        services.AddSingleton<GatewayLives>();
        services.AddSingleton<TwinRuntime>();
        services.AddSingleton<ShardMap>();
        services.AddSingleton<WarmUp>();
        services.AddSingleton<Newcomers>();
        services.AddSingleton<ShardMover>();
        services.AddSingleton<Departure>();
        services.AddSingleton<SiloLanes>();
        services.AddSingleton<UnsureMessages>();
        services.AddSingleton<ArrivedBatches>();
        services.AddSingleton<TwinIngestServiceClient>();
        services.AddSingleton<IngestRouter>();
        services.AddSingleton<ITwinIngest>(provider => provider.GetRequiredService<IngestRouter>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, TwinsLifecycle>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<ModelBatches>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static provider => provider.GetRequiredService<GatewayLives>());
        services.AddOptions<GrainTypeOptions>().PostConfigure<IOptions<TwinsHostingOptions>>(static (types, twins) =>
        {
            if (!twins.Value.HostsTwins)
            {
                types.Classes.RemoveWhere(static type =>
                    type.Assembly == typeof(TwinGrain).Assembly && typeof(Grain).IsAssignableFrom(type));
            }
        });
        services.Configure<SiloMessagingOptions>(static options =>
            options.MaxForwardCount = Math.Max(options.MaxForwardCount, MostForwards));
        services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        return builder.AddGrainService<TwinIngestService>();
    }

    private static Func<TwinId, bool> IsOurs(IServiceProvider provider)
    {
        ShardMap map = provider.GetRequiredService<ShardMap>();
        ILocalSiloDetails local = provider.GetRequiredService<ILocalSiloDetails>();
        return twin => map.Find(twin.ToGrainKey())?.Equals(local.SiloAddress) != false;
    }
}
