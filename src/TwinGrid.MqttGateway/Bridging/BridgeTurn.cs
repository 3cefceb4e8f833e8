using Orleans.Runtime;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// Which gateway of the cluster bridges: of those that can the one whose process is oldest, so that nobody who comes
/// takes the bridge from whoever has it. Where two believe for a moment that it is they, the broker has the last word:
/// they are the same clients to it, and a client has one connection. Thread-safe.
/// </summary>
internal sealed class BridgeTurn(GatewayPeers peers, TimeProvider clock)
{
    // What an older gateway can is heard within moments; one that says nothing for so long does not bridge either.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly long _since = clock.GetTimestamp();

    /// <summary>True while it is this gateway's.</summary>
    public bool IsHere => peers.Self is not { } self || !peers.All.Any(peer => IsBefore(peer, self));

    private bool IsBefore(GatewayPeer peer, SiloAddress self) =>
        (peer.Interest.IsKnown ? peer.Interest.Bridges : clock.GetElapsedTime(_since) < Patience)
        && Compare(peer.Silo, self) < 0;

    private static int Compare(SiloAddress one, SiloAddress other) => one.Generation != other.Generation
        ? one.Generation.CompareTo(other.Generation)
        : string.CompareOrdinal(one.ToParsableString(), other.ToParsableString());
}
