using System.Buffers;
using System.Text;
using CsCheck;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>What MQTTnet writes, we read.</summary>
public class DifferentialReadTests
{
    private static readonly Gen<ProtocolVersion> Version = MqttNetCodec.Version;

    private static readonly Gen<char> Character =
        Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['\u00A0', '\u07FF'], Gen.Char['\u4E00', '\u4FFF']);

    private static readonly Gen<string> Text = Gen.String[Character, 1, 20];

    private static readonly Gen<string> Topic = Text.Array[1, 5].Select(levels => string.Join('/', levels));

    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[0, 300];

    private static readonly Gen<List<MqttUserProperty>> UserProperties = Gen.Select(Text, Text)
        .Select(pair => new MqttUserProperty(pair.Item1, Encoding.UTF8.GetBytes(pair.Item2))).List[0, 5];

    private static readonly Gen<MqttQualityOfServiceLevel> Qos =
        Gen.Int[0, 2].Select(qos => (MqttQualityOfServiceLevel)qos);

    private static readonly Gen<MqttPublishPacket> Publish = Gen.Select(
        Gen.Select(Topic, Bytes, Qos, Gen.Bool, Gen.Bool),
        Gen.Select(Gen.UShort[1, 65_535], Gen.UInt, Gen.UShort),
        Gen.Select(Text.Null(), Topic.Null(), Bytes, UserProperties),
        (message, numbers, properties) => new MqttPublishPacket
        {
            Topic = message.Item1,
            PayloadSegment = new ArraySegment<byte>(message.Item2),
            QualityOfServiceLevel = message.Item3,
            Dup = message.Item4 && message.Item3 != MqttQualityOfServiceLevel.AtMostOnce,
            Retain = message.Item5,
            PacketIdentifier = message.Item3 == MqttQualityOfServiceLevel.AtMostOnce ? (ushort)0 : numbers.Item1,
            MessageExpiryInterval = numbers.Item2,
            TopicAlias = numbers.Item3,
            ContentType = properties.Item1,
            ResponseTopic = properties.Item2,
            CorrelationData = properties.Item3,
            UserProperties = properties.Item4,
        });

    [Fact]
    public void A_PUBLISH() => Gen.Select(Version, Publish).Sample((version, sent) =>
    {
        byte[] bytes = MqttNetCodec.Encode(version, sent);
        Assert.Equal(FrameStatus.Complete, AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _));
        Assert.Null(PublishPacket.Read(
            frame.Flags, bytes.AsSpan(frame.HeaderLength), version, out PublishPacket packet));

        bool v5 = version == ProtocolVersion.V5;
        Assert.Equal(sent.Topic, Encoding.UTF8.GetString(packet.Topic));
        Assert.Equal(sent.Payload.ToArray(), packet.Payload.ToArray());
        Assert.Equal((int)sent.QualityOfServiceLevel, packet.Qos);
        Assert.Equal((sent.Dup, sent.Retain), (packet.IsDuplicate, packet.Retain));
        Assert.Equal(sent.PacketIdentifier, packet.PacketId);
        Assert.Equal(v5 ? sent.MessageExpiryInterval : 0, packet.MessageExpiry ?? 0);
        Assert.Equal(v5 ? sent.TopicAlias : 0, packet.TopicAlias);
        Assert.Equal(v5 ? sent.ContentType ?? "" : "", Encoding.UTF8.GetString(packet.ContentType));
    });

    [Fact]
    public void What_goes_on_of_a_PUBLISH() => Publish.Sample(sent =>
    {
        byte[] bytes = MqttNetCodec.Encode(ProtocolVersion.V5, sent);
        AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);
        PublishPacket.Read(frame.Flags, bytes.AsSpan(frame.HeaderLength), ProtocolVersion.V5, out PublishPacket packet);

        MqttPublishPacket forwarded = DifferentialWriteTests.Decode(ProtocolVersion.V5, new OutgoingPublish
        {
            Topic = packet.Topic.ToArray(),
            Payload = packet.Payload.ToArray(),
            Qos = 0,
            Properties = PublishProperties.Forwarded(packet.Properties),
        });

        Assert.Equal(sent.ContentType, forwarded.ContentType);
        Assert.Equal(sent.ResponseTopic, forwarded.ResponseTopic);
        Assert.Equal(sent.CorrelationData ?? [], forwarded.CorrelationData ?? []);
        Assert.Equal(sent.UserProperties, forwarded.UserProperties ?? []);
        Assert.Equal((0u, 0), (forwarded.MessageExpiryInterval, forwarded.TopicAlias));
    });

    [Fact]
    public void A_CONNECT() => Gen.Select(
        Version,
        Gen.Select(Text, Gen.Bool, Gen.UShort, Text.Null(), Bytes),
        Gen.Select(Gen.UInt, Gen.UShort[1, 65_535], Gen.UInt[1, uint.MaxValue], Gen.Bool, Text.Null()),
        Gen.Select(Gen.Bool, Topic, Bytes, Qos, Gen.Bool, Gen.UInt, UserProperties)).Sample(
            (version, who, limits, will) =>
            {
                MqttConnectPacket sent = new()
                {
                    ClientId = who.Item1,
                    CleanSession = who.Item2,
                    KeepAlivePeriod = who.Item3,
                    Username = who.Item4,
                    Password = who.Item4 is null ? null : who.Item5,
                    SessionExpiryInterval = limits.Item1,
                    ReceiveMaximum = limits.Item2,
                    MaximumPacketSize = limits.Item3,
                    RequestProblemInformation = limits.Item4,
                    AuthenticationMethod = limits.Item5,
                    UserProperties = will.Item7,
                    WillFlag = will.Item1,
                    WillTopic = will.Item2,
                    WillMessage = will.Item3,
                    WillQoS = will.Item4,
                    WillRetain = will.Item5,
                    WillDelayInterval = will.Item6,
                    WillUserProperties = will.Item7,
                };
                byte[] bytes = MqttNetCodec.Encode(version, sent);
                AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);

                Assert.Null(ConnectPacket.Read(bytes.AsSpan(frame.HeaderLength), out ConnectPacket? packet, out _));

                AssertSame(version, sent, packet!);
            });

    private static void AssertSame(ProtocolVersion version, MqttConnectPacket sent, ConnectPacket packet)
    {
        bool v5 = version == ProtocolVersion.V5;
        Assert.Equal(version, packet.Version);
        Assert.Equal(
            (sent.ClientId, sent.CleanSession, sent.KeepAlivePeriod),
            (packet.ClientId, packet.CleanStart, packet.KeepAlive));
        Assert.Equal(sent.Username, packet.UserName);
        Assert.Equal(sent.Password ?? [], packet.Password.ToArray());
        Assert.Equal(
            v5 ? sent.SessionExpiryInterval : sent.CleanSession ? 0 : uint.MaxValue, packet.SessionExpiry);
        if (v5)
        {
            Assert.Equal(sent.ReceiveMaximum, packet.ReceiveMaximum);
            Assert.Equal(sent.MaximumPacketSize, packet.MaximumPacketSize);
            Assert.Equal(sent.RequestProblemInformation, packet.WantsProblemInformation);
            Assert.Equal(sent.AuthenticationMethod, packet.AuthenticationMethod);
        }

        Assert.Equal(sent.WillFlag, packet.Will is not null);
        if (packet.Will is { } will)
        {
            Assert.Equal(sent.WillTopic, Encoding.UTF8.GetString(will.Topic.Span));
            Assert.Equal(sent.WillMessage, will.Payload.ToArray());
            Assert.Equal(((int)sent.WillQoS, sent.WillRetain), (will.Qos, will.Retain));
            Assert.Equal(v5 ? sent.WillDelayInterval : 0, will.Delay);
        }
    }

    [Fact]
    public void A_SUBSCRIBE() => Gen.Select(
        Version,
        Gen.UShort[1, 65_535],
        Gen.UInt[0, VariableByteInteger.Largest],
        Gen.Select(Topic, Qos, Gen.Bool, Gen.Bool, Gen.Int[0, 2]).Array[1, 8]).Sample(
            (version, packetId, identifier, filters) =>
            {
                bool v5 = version == ProtocolVersion.V5;
                byte[] bytes = MqttNetCodec.Encode(version, new MqttSubscribePacket
                {
                    PacketIdentifier = packetId,
                    SubscriptionIdentifier = v5 ? identifier : 0,
                    TopicFilters =
                    [
                        .. filters.Select(one => new MqttTopicFilter
                        {
                            Topic = one.Item1,
                            QualityOfServiceLevel = one.Item2,
                            NoLocal = v5 && one.Item3,
                            RetainAsPublished = v5 && one.Item4,
                            RetainHandling = v5 ? (MqttRetainHandling)one.Item5 : MqttRetainHandling.SendAtSubscribe,
                        }),
                    ],
                });
                AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);

                Assert.Null(SubscribePacket.Read(
                    frame.Flags, bytes.AsSpan(frame.HeaderLength), version, out SubscribePacket? packet));

                Assert.Equal((packetId, v5 ? identifier : 0), (packet!.PacketId, packet.SubscriptionIdentifier));
                Assert.Equal(
                    filters.Select(one => new SubscriptionRequest(
                        one.Item1,
                        (byte)one.Item2,
                        v5 && one.Item3,
                        v5 && one.Item4,
                        v5 ? (RetainHandling)one.Item5 : RetainHandling.Always)),
                    packet.Subscriptions);
            });

    [Fact]
    public void An_UNSUBSCRIBE() => Gen.Select(Version, Gen.UShort[1, 65_535], Topic.Array[1, 8]).Sample(
        (version, packetId, filters) =>
        {
            byte[] bytes = MqttNetCodec.Encode(
                version, new MqttUnsubscribePacket { PacketIdentifier = packetId, TopicFilters = [.. filters] });
            AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);

            Assert.Null(UnsubscribePacket.Read(
                frame.Flags, bytes.AsSpan(frame.HeaderLength), version, out UnsubscribePacket? packet));

            Assert.Equal(packetId, packet!.PacketId);
            Assert.Equal(filters, packet.Filters);
        });

    [Fact]
    public void An_answer() => Gen.Select(Version, Gen.UShort[1, 65_535], Gen.Bool, Text.Null(), UserProperties).Sample(
        (version, packetId, failed, reason, properties) =>
        {
            MqttPacket[] sent =
            [
                new MqttPubAckPacket
                {
                    PacketIdentifier = packetId,
                    ReasonCode = failed ? MqttPubAckReasonCode.QuotaExceeded : MqttPubAckReasonCode.Success,
                    ReasonString = reason,
                    UserProperties = properties,
                },
                new MqttPubRecPacket
                {
                    PacketIdentifier = packetId,
                    ReasonCode = failed ? MqttPubRecReasonCode.QuotaExceeded : MqttPubRecReasonCode.Success,
                    ReasonString = reason,
                    UserProperties = properties,
                },
                new MqttPubRelPacket
                {
                    PacketIdentifier = packetId,
                    ReasonCode = failed
                        ? MqttPubRelReasonCode.PacketIdentifierNotFound : MqttPubRelReasonCode.Success,
                },
                new MqttPubCompPacket
                {
                    PacketIdentifier = packetId,
                    ReasonCode = failed
                        ? MqttPubCompReasonCode.PacketIdentifierNotFound : MqttPubCompReasonCode.Success,
                },
            ];
            foreach (MqttPacket packet in sent)
            {
                byte[] bytes = MqttNetCodec.Encode(version, packet);
                AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);
                Assert.Null(AnswerPacket.Read(frame, bytes.AsSpan(frame.HeaderLength), version, out AnswerPacket read));
                Assert.Equal(packetId, read.PacketId);
                Assert.Equal(failed && version == ProtocolVersion.V5, read.Reason != ReasonCode.Success);
            }
        });

    [Fact]
    public void A_DISCONNECT() => Gen.Select(Version, Gen.Bool, Gen.UInt, Text.Null()).Sample(
        (version, withWill, expiry, reason) =>
        {
            byte[] bytes = MqttNetCodec.Encode(version, new MqttDisconnectPacket
            {
                ReasonCode = withWill
                    ? MqttDisconnectReasonCode.DisconnectWithWillMessage : MqttDisconnectReasonCode.NormalDisconnection,
                SessionExpiryInterval = expiry,
                ReasonString = reason,
            });
            AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);

            Assert.Null(DisconnectPacket.Read(
                frame.Flags, bytes.AsSpan(frame.HeaderLength), version, out DisconnectPacket packet));

            bool v5 = version == ProtocolVersion.V5;
            Assert.Equal(v5 && withWill ? ReasonCode.DisconnectWithWill : ReasonCode.Success, packet.Reason);
            Assert.Equal(v5 ? expiry : 0, packet.SessionExpiry ?? 0);
        });
}
