using System.Buffers;
using System.Text;
using CsCheck;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>What we write, MQTTnet reads.</summary>
public class DifferentialWriteTests
{
    private static readonly Gen<string> Text = Gen.String[Gen.Char['a', 'ɏ'], 1, 200];

    internal static MqttPublishPacket Decode(ProtocolVersion version, OutgoingPublish packet) =>
        MqttNetCodec.Decode<MqttPublishPacket>(
            version, Wire.Written(output => PacketWriter.Publish(output, version, packet)));

    [Fact]
    public void A_PUBLISH() => Gen.Select(
        MqttNetCodec.Version,
        Gen.Select(Text, Gen.Byte.Array[0, 3000], Gen.Byte[0, 2], Gen.Bool, Gen.Bool),
        Gen.Select(Gen.UShort[1, 65_535], Gen.UInt[1, uint.MaxValue].Nullable()),
        Gen.Select(Text.Null(), Text.Null(), Gen.Byte.Array[0, 40]),
        Gen.UInt[1, VariableByteInteger.Largest].Array[0, 4]).Sample((version, message, numbers, properties, ids) =>
        {
            OutgoingPublish sent = new()
            {
                Topic = Encoding.UTF8.GetBytes(message.Item1),
                Payload = message.Item2,
                Qos = message.Item3,
                IsDuplicate = message.Item4 && message.Item3 != 0,
                Retain = message.Item5,
                PacketId = message.Item3 == 0 ? (ushort)0 : numbers.Item1,
                MessageExpiry = numbers.Item2,
                Properties = PublishProperties.Encode(properties.Item1, properties.Item2, properties.Item3),
                SubscriptionIdentifiers = ids,
            };

            MqttPublishPacket read = Decode(version, sent);

            Assert.Equal(message.Item1, read.Topic);
            Assert.Equal(message.Item2, read.Payload.ToArray());
            Assert.Equal((sent.Qos, sent.PacketId), ((int)read.QualityOfServiceLevel, read.PacketIdentifier));
            Assert.Equal((sent.IsDuplicate, sent.Retain), (read.Dup, read.Retain));
            if (version == ProtocolVersion.V5)
            {
                Assert.Equal(sent.MessageExpiry ?? 0, read.MessageExpiryInterval);
                Assert.Equal(properties.Item1, read.ContentType);
                Assert.Equal(properties.Item2, read.ResponseTopic);
                Assert.Equal(properties.Item3, read.CorrelationData ?? []);
                Assert.Equal(ids, read.SubscriptionIdentifiers ?? []);
            }
        });

    [Fact]
    public void A_CONNACK() => Gen.Select(
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
        Gen.Select(Gen.UInt.Nullable(), Gen.UShort[1, 65_535].Nullable(), Gen.UInt[1, uint.MaxValue].Nullable()),
        Gen.Select(Gen.UShort.Nullable(), Gen.UShort.Nullable(), Text.Null(), Text.Null())).Sample(
            (flags, limits, rest) =>
            {
                ConnAckPacket sent = new()
                {
                    Reason = ReasonCode.Success,
                    SessionPresent = flags.Item1,
                    RetainAvailable = flags.Item2,
                    SharedSubscriptionAvailable = flags.Item3,
                    SessionExpiry = limits.Item1,
                    ReceiveMaximum = limits.Item2,
                    MaximumPacketSize = limits.Item3,
                    TopicAliasMaximum = rest.Item1,
                    ServerKeepAlive = rest.Item2,
                    AssignedClientId = rest.Item3,
                    ReasonString = rest.Item4,
                };

                MqttConnAckPacket read = MqttNetCodec.Decode<MqttConnAckPacket>(
                    ProtocolVersion.V5, Wire.Written(output => PacketWriter.ConnAck(output, ProtocolVersion.V5, sent)));

                Assert.Equal(MqttConnectReasonCode.Success, read.ReasonCode);
                Assert.Equal(flags, (read.IsSessionPresent, read.RetainAvailable, read.SharedSubscriptionAvailable));
                Assert.Equal(sent.SessionExpiry ?? 0, read.SessionExpiryInterval);
                Assert.Equal(sent.ReceiveMaximum ?? 0, read.ReceiveMaximum);
                Assert.Equal(sent.MaximumPacketSize ?? 0, read.MaximumPacketSize);
                Assert.Equal(sent.TopicAliasMaximum ?? 0, read.TopicAliasMaximum);
                Assert.Equal(sent.ServerKeepAlive ?? 0, read.ServerKeepAlive);
                Assert.Equal(sent.AssignedClientId, read.AssignedClientIdentifier);
                Assert.Equal(sent.ReasonString, read.ReasonString);
            });

    [Fact]
    public void An_answer() => Gen.Select(MqttNetCodec.Version, Gen.UShort[1, 65_535], Gen.Bool, Text.Null()).Sample(
        (version, packetId, failed, detail) =>
        {
            ReasonCode receipt = failed ? ReasonCode.QuotaExceeded : ReasonCode.Success;
            ReasonCode release = failed ? ReasonCode.PacketIdentifierNotFound : ReasonCode.Success;
            MqttPubAckPacket ack = MqttNetCodec.Decode<MqttPubAckPacket>(version, Bytes(PacketType.PubAck, receipt));
            MqttPubRecPacket rec = MqttNetCodec.Decode<MqttPubRecPacket>(version, Bytes(PacketType.PubRec, receipt));
            MqttPubRelPacket rel = MqttNetCodec.Decode<MqttPubRelPacket>(version, Bytes(PacketType.PubRel, release));
            MqttPubCompPacket comp =
                MqttNetCodec.Decode<MqttPubCompPacket>(version, Bytes(PacketType.PubComp, release));

            bool told = failed && version == ProtocolVersion.V5;
            Assert.All(
                new MqttPacketWithIdentifier[] { ack, rec, rel, comp },
                packet => Assert.Equal(packetId, packet.PacketIdentifier));
            Assert.Equal(told ? (int)receipt : 0, (int)ack.ReasonCode);
            Assert.Equal(told ? (int)receipt : 0, (int)rec.ReasonCode);
            Assert.Equal(told ? (int)release : 0, (int)rel.ReasonCode);
            Assert.Equal(told ? (int)release : 0, (int)comp.ReasonCode);
            Assert.Equal(told ? detail : null, ack.ReasonString);

            byte[] Bytes(PacketType type, ReasonCode reason) => Wire.Written(
                output => PacketWriter.Answer(output, type, version, packetId, reason, detail));
        });

    [Fact]
    public void A_SUBACK_and_an_UNSUBACK() => Gen.Select(Gen.UShort[1, 65_535], Gen.Int[0, 2].Array[1, 300]).Sample(
        (packetId, granted) =>
        {
            ReasonCode[] reasons = [.. granted.Select(qos => (ReasonCode)qos)];
            MqttSubAckPacket subscribed = MqttNetCodec.Decode<MqttSubAckPacket>(
                ProtocolVersion.V5,
                Wire.Written(output => PacketWriter.SubAck(output, ProtocolVersion.V5, packetId, reasons)));
            MqttUnsubAckPacket unsubscribed = MqttNetCodec.Decode<MqttUnsubAckPacket>(
                ProtocolVersion.V5,
                Wire.Written(output => PacketWriter.UnsubAck(
                    output, ProtocolVersion.V5, packetId, new ReasonCode[granted.Length])));

            Assert.Equal(packetId, subscribed.PacketIdentifier);
            Assert.Equal(granted, subscribed.ReasonCodes.Select(code => (int)code));
            Assert.Equal(packetId, unsubscribed.PacketIdentifier);
            Assert.Equal(granted.Length, unsubscribed.ReasonCodes.Count);
        });

    [Fact]
    public void A_DISCONNECT() => Text.Null().Sample(detail =>
    {
        MqttDisconnectPacket read = MqttNetCodec.Decode<MqttDisconnectPacket>(
            ProtocolVersion.V5,
            Wire.Written(output => PacketWriter.Disconnect(output, ReasonCode.SessionTakenOver, detail)));

        Assert.Equal(MqttDisconnectReasonCode.SessionTakenOver, read.ReasonCode);
        Assert.Equal(detail, read.ReasonString);
    });
}
