using System.Buffers;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>What the first bytes of a packet say (MQTT 5 section 2.1).</summary>
internal enum FrameStatus : byte
{
    /// <summary>The whole packet is there.</summary>
    Complete,

    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>Its length is no length, or more than the limit; it is not waited for.</summary>
    Refused,
}

/// <summary>A packet's fixed header.</summary>
/// <param name="First">The first byte: type and flags.</param>
/// <param name="HeaderLength">Bytes of the fixed header.</param>
/// <param name="Length">Bytes of the whole packet, header included.</param>
internal readonly record struct PacketFrame(byte First, int HeaderLength, int Length)
{
    /// <summary>The packet's type.</summary>
    public PacketType Type => (PacketType)(First >> 4);

    /// <summary>The four flag bits.</summary>
    public int Flags => First & 0x0F;

    /// <summary>Reads the fixed header at the start of a buffer.</summary>
    /// <param name="buffer">What has come so far.</param>
    /// <param name="largest">The most bytes of a packet, header included.</param>
    /// <param name="frame">The header, when complete; when incomplete, as far as it is known.</param>
    /// <param name="fault">When refused: why (0x81 for no length, 0x95 for too large).</param>
    public static FrameStatus Read(
        in ReadOnlySequence<byte> buffer, int largest, out PacketFrame frame, out PacketFault fault) =>
        throw new NotSupportedException();
}
