using System.Buffers;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>Reads a client's packet of any type, as a listener does.</summary>
internal static class AnyPacket
{
    /// <summary>The largest packet that MQTT knows.</summary>
    public const int Largest = 268_435_460;

    public static FrameStatus ReadFrame(byte[] bytes, out PacketFrame frame, out PacketFault fault) =>
        PacketFrame.Read(new ReadOnlySequence<byte>(bytes), Largest, out frame, out fault);

    /// <summary>What the reader of a packet's type says; null for types without a reader.</summary>
    public static PacketFault? ReadBody(PacketFrame frame, ReadOnlySpan<byte> body, ProtocolVersion version) =>
        frame.Type switch
        {
            PacketType.Connect => ConnectPacket.Read(body, out _, out _),
            PacketType.Publish => ReadPublish(frame.Flags, body, version),
            PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp =>
                AnswerPacket.Read(frame, body, version, out _),
            PacketType.Subscribe => SubscribePacket.Read(frame.Flags, body, version, out _),
            PacketType.Unsubscribe => UnsubscribePacket.Read(frame.Flags, body, version, out _),
            PacketType.Disconnect => DisconnectPacket.Read(frame.Flags, body, version, out _),
            _ => null,
        };

    /// <summary>The fault of a whole packet, of its frame or of what follows.</summary>
    public static PacketFault? Read(byte[] bytes, ProtocolVersion version)
    {
        FrameStatus status = ReadFrame(bytes, out PacketFrame frame, out PacketFault fault);
        if (status == FrameStatus.Refused)
        {
            return fault;
        }

        Assert.Equal(FrameStatus.Complete, status);
        Assert.Equal(bytes.Length, frame.Length);
        return ReadBody(frame, bytes.AsSpan(frame.HeaderLength), version);
    }

    private static PacketFault? ReadPublish(int flags, ReadOnlySpan<byte> body, ProtocolVersion version)
    {
        PacketFault? fault = PublishPacket.Read(flags, body, version, out PublishPacket packet);
        return fault ?? (packet.Topic.IsEmpty ? null : PublishPacket.CheckTopic(packet.Topic));
    }
}
