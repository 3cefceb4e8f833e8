using System.Collections.Immutable;
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
    private ImmutableHashSet<SiloAddress> _leaving = [];
    private ImmutableHashSet<SiloAddress>? _settled;
    private Built? _built;

    /// <summary>The view of the cluster that the map is made of: another object whenever it changed.</summary>
    public object View => Current();

    /// <summary>The silo of a twin by the newest view of the cluster, or null while no silo hosts twins.</summary>
    public SiloAddress? Find(string grainKey)
    {
        Built built = Current();
        return built.Silos.Length == 0 ? null : built.Silos[Shards.Of(grainKey)];
    }

    /// <summary>
    /// A silo is about to leave: from now on nothing is placed there, as long as there is another one. The list of
    /// silos says so only later.
    /// </summary>
    public void Leave(SiloAddress silo) =>
        ImmutableInterlocked.Update(ref _leaving, leaving => Known(leaving).Add(silo));

    /// <summary>
    /// Silos that are ready for twins. From the first call on nothing is placed on others, as long as there is one
    /// that is ready; before it every active silo counts.
    /// </summary>
    public void Settle(IEnumerable<SiloAddress> silos)
    {
        SiloAddress[] ready = [.. silos];
        ImmutableInterlocked.Update(ref _settled, settled => Known(settled ?? []).Union(ready));
    }

    /// <summary>True while a silo other than this one is a place for twins: ready, and not about to leave.</summary>
    public bool HasOtherPlace(SiloAddress self) => HostsOf(
        membership.CurrentSnapshot,
        Places(Volatile.Read(ref _leaving).Add(self), Volatile.Read(ref _settled))).Count > 0;

    /// <summary>
    /// True for a silo that can have twins; null for one that did not say yet which grains it has, which is heard a
    /// moment after the silo itself.
    /// </summary>
    public bool? HostsTwins(SiloAddress silo) =>
        manifests.Current.Silos.TryGetValue(silo, out GrainManifest? manifest)
            ? manifest.Grains.ContainsKey(_twinType)
            : null;

    /// <summary>True for a silo that is known to be ready.</summary>
    public bool IsSettled(SiloAddress silo) => Volatile.Read(ref _settled)?.Contains(silo) == true;

    private Built Current()
    {
        ClusterMembershipSnapshot cluster = membership.CurrentSnapshot;
        MajorMinorVersion manifest = manifests.Current.Version;
        ImmutableHashSet<SiloAddress> leaving = Volatile.Read(ref _leaving);
        ImmutableHashSet<SiloAddress>? settled = Volatile.Read(ref _settled);
        Built? built = _built;
        if (built is null || built.Cluster != cluster.Version || built.Manifest != manifest
            || built.Leaving != leaving || built.Settled != settled)
        {
            // Two threads may build the same map at once; either is right.
            _built = built = Build(cluster, leaving, settled);
        }

        return built;
    }

    private Built Build(
        ClusterMembershipSnapshot cluster,
        ImmutableHashSet<SiloAddress> leaving,
        ImmutableHashSet<SiloAddress>? settled)
    {
        Dictionary<string, SiloAddress> silos =
            HostsOf(cluster, Places(leaving, settled));
        if (silos.Count == 0)
        {
            silos = HostsOf(cluster, static _ => true);
        }

        SiloAddress[] map = silos.Count == 0
            ? []
            : [.. Enumerable.Range(0, Shards.Count).Select(shard => silos[Shards.Winner(shard, silos.Keys)])];
        return new Built(cluster.Version, manifests.Current.Version, leaving, settled, map);
    }

    private static Func<SiloAddress, bool> Places(
        ImmutableHashSet<SiloAddress> leaving, ImmutableHashSet<SiloAddress>? settled) =>
        silo => !leaving.Contains(silo) && settled?.Contains(silo) != false;

    private Dictionary<string, SiloAddress> HostsOf(ClusterMembershipSnapshot cluster, Func<SiloAddress, bool> counts)
    {
        Dictionary<string, SiloAddress> silos = new(StringComparer.Ordinal);
        foreach ((SiloAddress address, ClusterMember member) in cluster.Members)
        {
            if (member.Status != SiloStatus.Active || !counts(address) || HostsTwins(address) != true)
            {
                continue;
            }

            // A silo that was started again may be there before the list of silos knows that its last life is over.
            if (!silos.TryGetValue(member.Name, out SiloAddress? life) || life.Generation < address.Generation)
            {
                silos[member.Name] = address;
            }
        }

        return silos;
    }

    // The list of silos forgets those that are long dead, and so does the map.
    private ImmutableHashSet<SiloAddress> Known(ImmutableHashSet<SiloAddress> silos) =>
        silos.Except(silos.Where(silo => !membership.CurrentSnapshot.Members.ContainsKey(silo)));

    private sealed record Built(
        MembershipVersion Cluster,
        MajorMinorVersion Manifest,
        ImmutableHashSet<SiloAddress> Leaving,
        ImmutableHashSet<SiloAddress>? Settled,
        SiloAddress[] Silos);
}
