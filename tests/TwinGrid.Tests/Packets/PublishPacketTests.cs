using System.Text;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class PublishPacketTests
{
    private static readonly byte[] Plain = Wire.Bytes("s'twins/turbine/t07/telemetry' 000A '{\"temperature\":21.5}'");

    // Section 3.3.2.3 of MQTT 3.1.1 and 3.3.2.4 of MQTT 5: topic a/b, packet identifier 10.
    [Theory]
    [InlineData("V311", "s'a/b' 000A")]
    [InlineData("V5", "s'a/b' 000A { }")]
    public void The_standards_example_is_read(string version, string head)
    {
        Assert.Null(Read(0x2, $"{head} '21.5'", version, out PublishPacket packet));

        Assert.Equal("a/b", Encoding.UTF8.GetString(packet.Topic));
        Assert.Equal(10, packet.PacketId);
        Assert.Equal("21.5", Encoding.UTF8.GetString(packet.Payload));
        Assert.True(packet.Properties.IsEmpty);
        Assert.Null(packet.MessageExpiry);
        Assert.Equal(0, packet.TopicAlias);
    }

    // The flags of figure 3-8: DUP, two bits of QoS, RETAIN.
    [Theory]
    [InlineData(0x0, 0, false, false)]
    [InlineData(0x1, 0, false, true)]
    [InlineData(0x2, 1, false, false)]
    [InlineData(0xA, 1, true, false)]
    [InlineData(0x4, 2, false, false)]
    [InlineData(0xD, 2, true, true)]
    public void Flags_are_QoS_duplicate_and_retain(int flags, int qos, bool duplicate, bool retain)
    {
        Assert.Null(Read(flags, "s'a' 0001", "V311", out PublishPacket packet));

        Assert.Equal((qos, duplicate, retain), (packet.Qos, packet.IsDuplicate, packet.Retain));
        Assert.Equal(qos == 0 ? 0 : 1, packet.PacketId);
        Assert.Equal(qos == 0 ? 2 : 0, packet.Payload.Length);
    }

    [Fact]
    public void Properties_are_read_and_kept_as_they_came()
    {
        const string Properties = "01 01 02 0000003C 23 FFFF 08 s'r' 09 s'c' 26 s'k' s'v' 03 s'application/json'";

        Assert.Null(Read(0x0, $"s'a' {{ {Properties} }} 'x'", "V5", out PublishPacket packet));

        Assert.Equal(60u, packet.MessageExpiry);
        Assert.Equal(65_535, packet.TopicAlias);
        Assert.Equal("application/json", Encoding.UTF8.GetString(packet.ContentType));
        Assert.Equal(Wire.Bytes(Properties), packet.Properties.ToArray());
        Assert.Equal("x", Encoding.UTF8.GetString(packet.Payload));
    }

    // Section 3.3.2.3: what the server forwards unaltered, in its order; the alias is the connection's and the expiry
    // is counted down.
    [Fact]
    public void What_goes_on_to_subscribers_is_neither_alias_nor_expiry() => Assert.Equal(
        Wire.Bytes("26 s'k' s'2' 01 01 26 s'k' s'1' 08 s'r' 09 s'c' 03 s't'"),
        PublishProperties.Forwarded(Wire.Bytes(
            "26 s'k' s'2' 02 0000003C 01 01 23 0001 26 s'k' s'1' 08 s'r' 09 s'c' 03 s't'")));

    [Theory]
    [InlineData("", "")]
    [InlineData("23 0001", "")]
    [InlineData("03 s't'", "03 s't'")]
    public void What_goes_on_may_be_nothing_or_all(string properties, string forwarded) =>
        Assert.Equal(Wire.Bytes(forwarded), PublishProperties.Forwarded(Wire.Bytes(properties)));

    [Theory]
    [InlineData("QoS 3", 0x6, "V5", "s'a' 0001 { }", 0x81)]
    [InlineData("QoS 3 in 3.1.1", 0x7, "V311", "s'a' 0001", 0x81)]
    [InlineData("duplicate of QoS 0", 0x8, "V5", "s'a' { }", 0x81)]
    [InlineData("packet identifier 0", 0x2, "V5", "s'a' 0000 { }", 0x81)]
    [InlineData("packet identifier 0 of QoS 2", 0x4, "V311", "s'a' 0000", 0x81)]
    [InlineData("nothing", 0x0, "V311", "", 0x81)]
    [InlineData("half a length", 0x0, "V311", "00", 0x81)]
    [InlineData("topic past the end", 0x0, "V311", "0002 'a'", 0x81)]
    [InlineData("half a packet identifier", 0x2, "V311", "s'a' 00", 0x81)]
    [InlineData("no properties", 0x0, "V5", "s'a'", 0x81)]
    [InlineData("properties past the end", 0x0, "V5", "s'a' 02 01", 0x81)]
    [InlineData("length of properties not the shortest", 0x0, "V5", "s'a' 8000", 0x81)]
    [InlineData("empty topic without alias", 0x0, "V5", "s'' { } 'x'", 0x82)]
    [InlineData("empty topic in 3.1.1", 0x0, "V311", "s'' 'x'", 0x82)]
    [InlineData("alias 0", 0x0, "V5", "s'a' { 23 0000 }", 0x94)]
    [InlineData("alias 0 without a topic", 0x0, "V5", "s'' { 23 0000 }", 0x94)]
    [InlineData("alias twice", 0x0, "V5", "s'a' { 23 0001 23 0001 }", 0x82)]
    [InlineData("subscription identifier", 0x0, "V5", "s'a' { 0B 01 }", 0x82)]
    [InlineData("payload format 2", 0x0, "V5", "s'a' { 01 02 }", 0x82)]
    [InlineData("content type that is not UTF-8", 0x0, "V5", "s'a' { 03 0001FF }", 0x81)]
    [InlineData("user property with U+0000", 0x0, "V5", "s'a' { 26 s'k' 000100 }", 0x81)]
    [InlineData("response topic with a wildcard", 0x0, "V5", "s'a' { 08 s'a/#' }", 0x82)]
    [InlineData("empty response topic", 0x0, "V5", "s'a' { 08 s'' }", 0x82)]
    [InlineData("response topic with U+0085", 0x0, "V5", "s'a' { 08 0002C285 }", 0x81)]
    [InlineData("correlation data past the properties", 0x0, "V5", "s'a' { 09 0003 'ab' } 'c'", 0x81)]
    public void What_breaks_a_rule_is_refused_with_its_reason(
        string rule, int flags, string version, string body, int reason)
    {
        PacketFault? fault = Read(flags, body, version, out _);

        Assert.Equal((rule, (ReasonCode)reason), (rule, fault?.Reason ?? default));
    }

    [Fact]
    public void A_bomb_of_user_properties_is_too_large()
    {
        string bomb = string.Concat(Enumerable.Repeat("26 s'k' s'v' ", 33));

        Assert.Equal(ReasonCode.PacketTooLarge, Read(0, $"s'a' {{ {bomb} }}", "V5", out _)?.Reason);
    }

    [Theory]
    [InlineData("'a'")]
    [InlineData("'/'")]
    [InlineData("'twins/turbine/t07/telemetry/bearing.temperature'")]
    [InlineData("'Windräder/Nord'")]
    [InlineData("41F0AA9B94")]
    [InlineData("EFBBBF 'a'")]
    [InlineData("'$SYS/a'")]
    public void A_topic_is_text_without_wildcards(string topic) =>
        Assert.Null(PublishPacket.CheckTopic(Wire.Bytes(topic)));

    // Section 1.5.4: what a text must not hold (surrogates, U+0000, no UTF-8) and what it should not (control
    // characters, the non-characters of Unicode 23.7), which a topic may not here; section 4.7.1: wildcards.
    [Theory]
    [InlineData("", 0x82)]
    [InlineData("'a/+'", 0x90)]
    [InlineData("'a/#'", 0x90)]
    [InlineData("'ü+'", 0x90)]
    [InlineData("'a' 00", 0x81)]
    [InlineData("'a' 01", 0x81)]
    [InlineData("'a' 0A", 0x81)]
    [InlineData("'a' 1F", 0x81)]
    [InlineData("'a' 7F", 0x81)]
    [InlineData("C280", 0x81)]
    [InlineData("C29F", 0x81)]
    [InlineData("EFB790", 0x81)]
    [InlineData("EFB7AF", 0x81)]
    [InlineData("EFBFBE", 0x81)]
    [InlineData("EFBFBF", 0x81)]
    [InlineData("F09FBFBF", 0x81)]
    [InlineData("F48FBFBE", 0x81)]
    [InlineData("EDA080", 0x81)]
    [InlineData("EDA081EDB080", 0x81)]
    [InlineData("C0AF", 0x81)]
    [InlineData("E080AF", 0x81)]
    [InlineData("F4908080", 0x81)]
    [InlineData("80", 0x81)]
    [InlineData("'a' C3", 0x81)]
    [InlineData("'+' FF", 0x81)]
    public void A_topic_that_is_none_is_refused(string topic, int reason) =>
        Assert.Equal((ReasonCode)reason, PublishPacket.CheckTopic(Wire.Bytes(topic))?.Reason);

    [Fact]
    public void Reading_allocates_nothing()
    {
        byte[] properties = Wire.Bytes("s'twins/t/1/telemetry' 000A { 23 0001 03 s'application/json' } '1'");
        ReadOften(1);
        long before = GC.GetAllocatedBytesForCurrentThread();

        ReadOften(1000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void ReadOften(int times)
        {
            for (int i = 0; i < times; i++)
            {
                PacketFault? fault = PublishPacket.Read(0x2, Plain, ProtocolVersion.V311, out PublishPacket packet)
                    ?? PublishPacket.CheckTopic(packet.Topic)
                    ?? PublishPacket.Read(0x2, properties, ProtocolVersion.V5, out packet);
                if (fault is not null || packet.Payload.Length != 1)
                {
                    throw new InvalidOperationException("Not read.");
                }
            }
        }
    }

    private static PacketFault? Read(int flags, string body, string version, out PublishPacket packet) =>
        PublishPacket.Read(flags, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out packet);
}
