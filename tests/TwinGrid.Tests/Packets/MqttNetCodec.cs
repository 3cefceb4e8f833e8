using CsCheck;
using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>The codec of MQTTnet, which was written by others from the same standard.</summary>
internal static class MqttNetCodec
{
    public static Gen<ProtocolVersion> Version { get; } =
        Gen.OneOf(Gen.Const(ProtocolVersion.V311), Gen.Const(ProtocolVersion.V5));

    public static byte[] Encode(ProtocolVersion version, MqttPacket packet) =>
        Formatter(version).Encode(packet).ToArray();

    public static T Decode<T>(ProtocolVersion version, byte[] bytes)
        where T : MqttPacket
    {
        Assert.Equal(FrameStatus.Complete, AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _));
        ArraySegment<byte> body = new(bytes, frame.HeaderLength, bytes.Length - frame.HeaderLength);
        return Assert.IsType<T>(Formatter(version).Decode(new ReceivedMqttPacket(frame.First, body, frame.Length)));
    }

    private static IMqttPacketFormatter Formatter(ProtocolVersion version) =>
        MqttPacketFormatterAdapter.GetMqttPacketFormatter(
            version == ProtocolVersion.V5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311,
            new MqttBufferWriter(4096, 65_535));
}
