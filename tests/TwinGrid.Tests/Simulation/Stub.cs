using System.Collections.Immutable;
using System.Reflection;
using Orleans.Metadata;
using Orleans.Runtime;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Simulation;

/// <summary>The few members of Orleans' interfaces that a silo asks in a simulation; the others throw.</summary>
public class Stub : DispatchProxy
{
    private Func<MethodInfo, object?[], object?> _answer = (_, _) => null;

    /// <summary>A cluster in which no silo is known, alive or dead.</summary>
    internal static IClusterMembershipService Nobody { get; } = Of<IClusterMembershipService>(
        _ => new ClusterMembershipSnapshot(
            ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new MembershipVersion(1)));

    /// <summary>A cluster of one silo: the shard map sends nobody elsewhere.</summary>
    internal static ShardMap LoneSilo { get; } = new(
        Nobody,
        Of<IClusterManifestProvider>(_ => new ClusterManifest(
            MajorMinorVersion.Zero, ImmutableDictionary<SiloAddress, GrainManifest>.Empty)),
        new GrainTypeResolver([], null!));

    internal static T Of<T>(Func<MethodInfo, object?> answer)
        where T : class => Of<T>((method, _) => answer(method));

    internal static T Of<T>(Func<MethodInfo, object?[], object?> answer)
        where T : class
    {
        T made = Create<T, Stub>();
        ((Stub)(object)made)._answer = answer;
        return made;
    }

    /// <summary>A factory whose grains are named by text.</summary>
    internal static IGrainFactory Grains(Func<Type, string, object> grain) => Of<IGrainFactory>(
        (method, arguments) => method.IsGenericMethod && arguments[0] is string key
            ? grain(method.GetGenericArguments()[0], key)
            : throw new NotSupportedException(method.Name));

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _answer(targetMethod!, args ?? []);
}
