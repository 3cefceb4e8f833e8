using Orleans.Metadata;
using Orleans.Runtime;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// Which silo each shard is on now: the active silos whose manifest has the twin grain. The computed silo is a hint,
/// the Orleans directory stays the authority. Thread-safe.
/// </summary>
internal sealed class ShardMap(
    IClusterMembershipService membership, IClusterManifestProvider manifests, GrainTypeResolver types)
{
    private readonly GrainType _twinType = types.GetGrainType(typeof(TwinGrain));
    private Built? _built;

    /// <summary>The silo of a twin by the newest view of the cluster, or null while no silo hosts twins.</summary>
    public SiloAddress? Find(string grainKey)
    {
        ClusterMembershipSnapshot cluster = membership.CurrentSnapshot;
        MajorMinorVersion manifest = manifests.Current.Version;
        Built? built = _built;
        if (built is null || built.Cluster != cluster.Version || built.Manifest != manifest)
        {
            // Two threads may build the same map at once; either is right.
            _built = built = Build(cluster);
        }

        return built.Silos.Length == 0 ? null : built.Silos[Shards.Of(grainKey)];
    }

    private Built Build(ClusterMembershipSnapshot cluster)
    {
        Dictionary<string, SiloAddress> silos = new(StringComparer.Ordinal);
        foreach ((SiloAddress address, ClusterMember member) in cluster.Members)
        {
            if (member.Status == SiloStatus.Active && HostsTwins(address))
            {
                silos[member.Name] = address;
            }
        }

        SiloAddress[] map = silos.Count == 0
            ? []
            : [.. Enumerable.Range(0, Shards.Count).Select(shard => silos[Shards.Winner(shard, silos.Keys)])];
        return new Built(cluster.Version, manifests.Current.Version, map);
    }

    private bool HostsTwins(SiloAddress silo) =>
        manifests.Current.Silos.TryGetValue(silo, out GrainManifest? manifest)
        && manifest.Grains.ContainsKey(_twinType);

    private sealed record Built(MembershipVersion Cluster, MajorMinorVersion Manifest, SiloAddress[] Silos);
}
