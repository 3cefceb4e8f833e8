using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class SubscribePacketTests
{
    // Section 3.8.3.1: a/b with QoS 1, c/d with QoS 2.
    [Theory]
    [InlineData("V311", "000A s'a/b' 01 s'c/d' 02")]
    [InlineData("V5", "000A { } s'a/b' 01 s'c/d' 02")]
    public void The_standards_example_of_SUBSCRIBE_is_read(string version, string body)
    {
        SubscribePacket packet = Subscribe(version, body);

        Assert.Equal((10, 0u), (packet.PacketId, packet.SubscriptionIdentifier));
        Assert.Equal(
            [
                new SubscriptionRequest("a/b", 1, NoLocal: false, RetainAsPublished: false, RetainHandling.Always),
                new SubscriptionRequest("c/d", 2, NoLocal: false, RetainAsPublished: false, RetainHandling.Always),
            ],
            packet.Subscriptions);
    }

    // Figure 3-20: two bits of retain handling, retain as published, no local, two bits of QoS.
    [Fact]
    public void Options_are_read_from_their_bits()
    {
        SubscribePacket packet = Subscribe("V5", "0001 { 0B FFFFFF7F 26 s'k' s'v' } s'a' 2E s'b' 19 s'$share/g/x' 0A");

        Assert.Equal(268_435_455u, packet.SubscriptionIdentifier);
        Assert.Equal(3, packet.Subscriptions.Count);
        Assert.Equal(
            new SubscriptionRequest("b", 1, NoLocal: false, RetainAsPublished: true, RetainHandling.IfNew),
            packet.Subscriptions[1]);
        Assert.Equal(
            new SubscriptionRequest("a", 2, NoLocal: true, RetainAsPublished: true, RetainHandling.Never),
            packet.Subscriptions[0]);
        Assert.Equal(
            new SubscriptionRequest("$share/g/x", 2, NoLocal: false, RetainAsPublished: true, RetainHandling.Always),
            packet.Subscriptions[2]);
    }

    [Theory]
    [InlineData("V311", "000A s'a/b' s'c/d'")]
    [InlineData("V5", "000A { } s'a/b' s'c/d'")]
    public void The_standards_example_of_UNSUBSCRIBE_is_read(string version, string body)
    {
        Assert.Null(UnsubscribePacket.Read(
            2, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out UnsubscribePacket? packet));

        Assert.Equal(10, packet!.PacketId);
        Assert.Equal(["a/b", "c/d"], packet.Filters);
    }

    [Theory]
    [InlineData("reserved bit 6", "V5", "0001 { } s'a' 40", 0x81)]
    [InlineData("reserved bit 7", "V5", "0001 { } s'a' 80", 0x81)]
    [InlineData("QoS 3", "V5", "0001 { } s'a' 03", 0x82)]
    [InlineData("QoS 3 in 3.1.1", "V311", "0001 s'a' 03", 0x81)]
    [InlineData("MQTT 5's options in 3.1.1", "V311", "0001 s'a' 04", 0x81)]
    [InlineData("retain handling 3", "V5", "0001 { } s'a' 30", 0x82)]
    [InlineData("no local of a shared subscription", "V5", "0001 { } s'$share/g/a' 04", 0x82)]
    [InlineData("subscription identifier 0", "V5", "0001 { 0B 00 } s'a' 00", 0x82)]
    [InlineData("subscription identifier twice", "V5", "0001 { 0B 01 0B 02 } s'a' 00", 0x82)]
    [InlineData("subscription identifier not the shortest", "V5", "0001 { 0B 8100 } s'a' 00", 0x81)]
    [InlineData("subscription identifier of five bytes", "V5", "0001 { 0B 8080808001 } s'a' 00", 0x81)]
    [InlineData("no filter", "V5", "0001 { }", 0x82)]
    [InlineData("no filter in 3.1.1", "V311", "0001", 0x82)]
    [InlineData("packet identifier 0", "V5", "0000 { } s'a' 00", 0x81)]
    [InlineData("half a packet identifier", "V311", "00", 0x81)]
    [InlineData("no properties", "V5", "0001", 0x81)]
    [InlineData("no options", "V5", "0001 { } s'a'", 0x81)]
    [InlineData("no options of the second", "V311", "0001 s'a' 00 s'b'", 0x81)]
    [InlineData("filter past the end", "V311", "0001 0002 'a'", 0x81)]
    [InlineData("filter that is not UTF-8", "V311", "0001 0001FF 00", 0x81)]
    [InlineData("filter with U+0000", "V5", "0001 { } 0003610062 00", 0x81)]
    public void A_SUBSCRIBE_that_breaks_a_rule_is_refused_with_its_reason(
        string rule, string version, string body, int reason)
    {
        PacketFault? fault = SubscribePacket.Read(
            2, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out SubscribePacket? packet);

        Assert.Equal((rule, (ReasonCode)reason), (rule, fault?.Reason ?? default));
        Assert.Null(packet);
    }

    [Theory]
    [InlineData("no filter", "V5", "0001 { }", 0x82)]
    [InlineData("no filter in 3.1.1", "V311", "0001", 0x82)]
    [InlineData("packet identifier 0", "V311", "0000 s'a'", 0x81)]
    [InlineData("subscription identifier", "V5", "0001 { 0B 01 } s'a'", 0x81)]
    [InlineData("filter past the end", "V5", "0001 { } 0002 'a'", 0x81)]
    [InlineData("filter that is not UTF-8", "V5", "0001 { } 0002C0AF", 0x81)]
    public void An_UNSUBSCRIBE_that_breaks_a_rule_is_refused_with_its_reason(
        string rule, string version, string body, int reason)
    {
        PacketFault? fault = UnsubscribePacket.Read(
            2, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out UnsubscribePacket? packet);

        Assert.Equal((rule, (ReasonCode)reason), (rule, fault?.Reason ?? default));
        Assert.Null(packet);
    }

    // MQTT-3.8.1-1, MQTT-3.10.1-1: 0010, anything else is malformed.
    [Fact]
    public void The_flags_of_both_are_0010()
    {
        byte[] subscribe = Wire.Bytes("0001 s'a' 00");
        byte[] unsubscribe = Wire.Bytes("0001 s'a'");
        for (int flags = 0; flags < 16; flags++)
        {
            ReasonCode? expected = flags == 2 ? null : ReasonCode.MalformedPacket;
            Assert.Equal(expected, SubscribePacket.Read(flags, subscribe, ProtocolVersion.V311, out _)?.Reason);
            Assert.Equal(expected, UnsubscribePacket.Read(flags, unsubscribe, ProtocolVersion.V311, out _)?.Reason);
        }
    }

    // An empty filter breaks MQTT-4.7.3-1; it and misplaced wildcards are answered filter by filter in the SUBACK.
    [Theory]
    [InlineData("s''", "")]
    [InlineData("s'a/#/b'", "a/#/b")]
    [InlineData("s'$share//x'", "$share//x")]
    public void The_rules_of_wildcards_are_not_judged_here(string filter, string text) =>
        Assert.Equal(text, Assert.Single(Subscribe("V311", $"0001 {filter} 00").Subscriptions).Filter);

    [Fact]
    public void Ten_thousand_filters_cost_a_few_bytes_each_until_they_are_looked_at()
    {
        byte[] body = Wire.Bytes("0001 " + string.Concat(Enumerable.Repeat("s'a' 00 ", 10_000)));
        SubscribePacket.Read(2, body, ProtocolVersion.V311, out SubscribePacket? packet);
        long before = GC.GetAllocatedBytesForCurrentThread();

        SubscribePacket.Read(2, body, ProtocolVersion.V311, out packet);

        // A copy of the body, and four bytes for where each begins.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, body.Length + (4 * 10_000) + 1024);
        Assert.Equal(10_000, packet!.Subscriptions.Count);
        Assert.Equal("a", packet.Subscriptions[9_999].Filter);
    }

    private static SubscribePacket Subscribe(string version, string body)
    {
        Assert.Null(SubscribePacket.Read(
            2, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out SubscribePacket? packet));
        return packet!;
    }
}
