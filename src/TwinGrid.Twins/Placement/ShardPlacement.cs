using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace TwinGrid.Twins.Placement;

/// <summary>Places a twin on the silo of its shard.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("TwinGrid.ShardPlacement")]
internal sealed class ShardPlacement : PlacementStrategy;

/// <summary>Marks a grain class whose activations go where <see cref="ShardMap"/> says.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShardPlacementAttribute() : PlacementAttribute(new ShardPlacement());

/// <summary>Asks the shard map; a placement hint and the compatible silos come first.</summary>
internal sealed class ShardPlacementDirector(ShardMap map) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] compatible = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible) is { } hint)
        {
            return Task.FromResult(hint);
        }

        string key = target.GrainIdentity.Key.ToString()!;
        SiloAddress? silo = map.Find(key);

        // The map may be a moment older than the directory's view of who can host this version of the grain.
        return Task.FromResult(
            silo is not null && Array.IndexOf(compatible, silo) >= 0
                ? silo
                : compatible[Shards.Of(key) % compatible.Length]);
    }
}
