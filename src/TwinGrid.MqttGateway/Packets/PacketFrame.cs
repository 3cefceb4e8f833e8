using System.Buffers;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>What the first bytes of a packet say (MQTT 5 section 2.1).</summary>
internal enum FrameStatus : byte
{
    /// <summary>The whole packet is there.</summary>
    Complete,

    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>
    /// It is no packet: its type is reserved, its flags are not those of its type, its length is no length or more than
    /// the limit. It is not waited for.
    /// </summary>
    Refused,
}

/// <summary>A packet's fixed header.</summary>
/// <param name="First">The first byte: type and flags.</param>
/// <param name="HeaderLength">Bytes of the fixed header.</param>
/// <param name="Length">Bytes of the whole packet, header included.</param>
internal readonly record struct PacketFrame(byte First, int HeaderLength, int Length)
{
    private const int MostHeaderBytes = 5;

    /// <summary>The packet's type.</summary>
    public PacketType Type => (PacketType)(First >> 4);

    /// <summary>The four flag bits.</summary>
    public int Flags => First & 0x0F;

    /// <summary>Reads the fixed header at the start of a buffer.</summary>
    /// <param name="buffer">What has come so far.</param>
    /// <param name="largest">The most bytes of a packet, header included.</param>
    /// <param name="frame">The header, when complete; when incomplete, as far as it is known.</param>
    /// <param name="fault">
    /// When refused: why (0x81 for reserved types, wrong flags and no length, 0x95 for too large).
    /// </param>
    public static FrameStatus Read(
        in ReadOnlySequence<byte> buffer, int largest, out PacketFrame frame, out PacketFault fault)
    {
        ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (first.Length >= MostHeaderBytes || buffer.IsSingleSegment)
        {
            return Read(first, buffer.Length, largest, out frame, out fault);
        }

        Span<byte> header = stackalloc byte[MostHeaderBytes];
        ReadOnlySequence<byte> start = buffer.Length > MostHeaderBytes ? buffer.Slice(0, MostHeaderBytes) : buffer;
        start.CopyTo(header);
        return Read(header[..(int)start.Length], buffer.Length, largest, out frame, out fault);
    }

    /// <summary>Null, or what is wrong with the flags of a packet of this type (section 2.1.3).</summary>
    public static PacketFault? CheckFlags(PacketType type, int flags) => type switch
    {
        PacketType.Reserved => new PacketFault(ReasonCode.MalformedPacket, "Packet type 0 is reserved."),
        PacketType.Publish => null,
        PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe when flags == 2 => null,
        PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe =>
            new PacketFault(ReasonCode.MalformedPacket, "The flags of the fixed header are 0010 for this packet."),
        _ when flags == 0 => null,
        _ => new PacketFault(ReasonCode.MalformedPacket, "The flags of the fixed header are 0 for this packet."),
    };

    private static FrameStatus Read(
        ReadOnlySpan<byte> start, long come, int largest, out PacketFrame frame, out PacketFault fault)
    {
        frame = default;
        fault = default;
        if (start.IsEmpty)
        {
            return FrameStatus.Incomplete;
        }

        frame = new PacketFrame(start[0], 0, 0);
        if (CheckFlags(frame.Type, frame.Flags) is { } refused)
        {
            fault = refused;
            return FrameStatus.Refused;
        }

        int lengthBytes = VariableByteInteger.Read(start[1..], out uint remaining);
        if (lengthBytes == 0)
        {
            return FrameStatus.Incomplete;
        }

        if (lengthBytes < 0 || (frame.Type == PacketType.PingReq && remaining != 0))
        {
            fault = new PacketFault(
                ReasonCode.MalformedPacket,
                lengthBytes < 0
                    ? "The remaining length has at most four bytes and its shortest form."
                    : "A PINGREQ has nothing after its fixed header.");
            return FrameStatus.Refused;
        }

        frame = new PacketFrame(start[0], 1 + lengthBytes, 1 + lengthBytes + (int)remaining);
        if (frame.Length > largest)
        {
            fault = new PacketFault(
                ReasonCode.PacketTooLarge, $"The packet has {frame.Length} bytes; at most {largest} are taken.");
            return FrameStatus.Refused;
        }

        return come < frame.Length ? FrameStatus.Incomplete : FrameStatus.Complete;
    }
}
