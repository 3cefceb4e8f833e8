using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Orleans.Metadata;
using Orleans.Runtime;
using TwinGrid.Tests.Simulation;
using TwinGrid.Twins;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Twins;

/// <summary>What a silo hears of its cluster, as a test tells it.</summary>
internal sealed class StubCluster
{
    private static readonly GrainTypeResolver s_types = new([], null!);

    private readonly Channel<ClusterMembershipSnapshot> _updates =
        Channel.CreateUnbounded<ClusterMembershipSnapshot>();

    private ImmutableDictionary<SiloAddress, ClusterMember> _members =
        ImmutableDictionary<SiloAddress, ClusterMember>.Empty;

    private ImmutableDictionary<SiloAddress, GrainManifest> _manifests =
        ImmutableDictionary<SiloAddress, GrainManifest>.Empty;

    private int _version;

    public StubCluster()
    {
        Membership = Stub.Of<IClusterMembershipService>(method =>
            method.Name == $"get_{nameof(IClusterMembershipService.MembershipUpdates)}"
                ? _updates.Reader.ReadAllAsync() : Snapshot);
        Map = new ShardMap(
            Membership,
            Stub.Of<IClusterManifestProvider>(
                _ => new ClusterManifest(new MajorMinorVersion(1, _version), _manifests)),
            s_types);
    }

    public IClusterMembershipService Membership { get; }

    public ShardMap Map { get; }

    private ClusterMembershipSnapshot Snapshot => new(_members, new MembershipVersion(_version));

    public static ILocalSiloDetails Local(SiloAddress silo) => Stub.Of<ILocalSiloDetails>(_ => silo);

    /// <summary>A silo is active.</summary>
    public SiloAddress Join(int port, string? name = null, int generation = 1, bool hostsTwins = true)
    {
        SiloAddress silo = SiloAddress.New(IPAddress.Loopback, port, generation);
        ImmutableDictionary<GrainType, GrainProperties> grains = ImmutableDictionary<GrainType, GrainProperties>.Empty;
        _manifests = _manifests.Add(silo, new GrainManifest(
            hostsTwins
                ? grains.Add(
                    s_types.GetGrainType(typeof(TwinGrain)),
                    new GrainProperties(ImmutableDictionary<string, string>.Empty))
                : grains,
            ImmutableDictionary<GrainInterfaceType, GrainInterfaceProperties>.Empty));
        _members = _members.Add(silo, new ClusterMember(silo, SiloStatus.Active, name ?? $"silo-{port}"));
        _version++;
        _updates.Writer.TryWrite(Snapshot);
        return silo;
    }
}
