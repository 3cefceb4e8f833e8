using System.Net;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// A packet that has memory in <see cref="LargePackets"/>. Immutable but for its place, which is theirs.
/// </summary>
internal sealed class LargePacket
{
    public LargePacket(IPAddress address, int bytes, long since, Action cut)
    {
        (Address, Bytes, Since, Cut) = (address, bytes, since, cut);
        Place = new LinkedListNode<LargePacket>(this);
    }

    /// <summary>Where it comes from.</summary>
    public IPAddress Address { get; }

    /// <summary>Its size.</summary>
    public int Bytes { get; }

    /// <summary>When it was given memory, a timestamp of the clock.</summary>
    public long Since { get; }

    /// <summary>Ends its connection.</summary>
    public Action Cut { get; }

    /// <summary>Its place among those that are coming; in no list once it has come.</summary>
    public LinkedListNode<LargePacket> Place { get; }
}
