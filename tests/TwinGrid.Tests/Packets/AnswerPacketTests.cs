using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class AnswerPacketTests
{
    // Tables 3-4 to 3-7 of MQTT 5: PUBACK and PUBREC, then PUBREL and PUBCOMP.
    private static readonly int[] OfReceipt = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
    private static readonly int[] OfRelease = [0x00, 0x92];

    // Table 3-10, where it says Client.
    private static readonly int[] OfDisconnect =
        [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];

    // Section 3.4.2.1: with nothing after the identifier it is success; below four bytes there are no properties.
    [Theory]
    [InlineData("V311", "0001", 1, 0x00)]
    [InlineData("V5", "0001", 1, 0x00)]
    [InlineData("V5", "FFFF 10", 65_535, 0x10)]
    [InlineData("V5", "0001 99 { }", 1, 0x99)]
    [InlineData("V5", "0001 99 { 1F s'no' 26 s'k' s'v' 26 s'k' s'v' }", 1, 0x99)]
    public void An_answer_says_for_what_and_why(string version, string body, int packetId, int reason)
    {
        Assert.Null(Read(0x40, version, body, out AnswerPacket packet));

        Assert.Equal(new AnswerPacket((ushort)packetId, (ReasonCode)reason), packet);
    }

    [Theory]
    [InlineData("packet identifier 0", 0x40, "V5", "0000", 0x81)]
    [InlineData("half a packet identifier", 0x40, "V311", "00", 0x81)]
    [InlineData("nothing", 0x62, "V5", "", 0x81)]
    [InlineData("a reason in 3.1.1", 0x40, "V311", "0001 00", 0x81)]
    [InlineData("properties past the end", 0x50, "V5", "0001 00 01", 0x81)]
    [InlineData("bytes at the end", 0x70, "V5", "0001 00 { } 00", 0x81)]
    [InlineData("reason string twice", 0x40, "V5", "0001 00 { 1F s'a' 1F s'a' }", 0x82)]
    [InlineData("another packet's property", 0x40, "V5", "0001 00 { 23 0001 }", 0x81)]
    [InlineData("PUBREL with flags 0", 0x60, "V5", "0001", 0x81)]
    [InlineData("PUBACK with flags 0010", 0x42, "V5", "0001", 0x81)]
    public void An_answer_that_breaks_a_rule_is_refused_with_its_reason(
        string rule, int first, string version, string body, int reason) => Assert.Equal(
            (rule, (ReasonCode)reason), (rule, Read((byte)first, version, body, out _)?.Reason ?? default));

    [Fact]
    public void An_answer_has_the_reasons_of_its_table()
    {
        byte[] firstBytes = [0x40, 0x50, 0x62, 0x70];
        foreach (byte first in firstBytes)
        {
            int[] legal = first is 0x40 or 0x50 ? OfReceipt : OfRelease;
            Assert.Equal(legal, Enumerable.Range(0, 256).Where(code => ReadCode(code) is null));
            Assert.All(
                Enumerable.Range(0, 256).Except(legal),
                code => Assert.Equal(ReasonCode.ProtocolError, ReadCode(code)?.Reason));

            PacketFault? ReadCode(int code) => Read(first, "V5", $"0001 {code:X2}", out _);
        }
    }

    [Theory]
    [InlineData("V311", "", 0x00, null)]
    [InlineData("V5", "", 0x00, null)]
    [InlineData("V5", "04", 0x04, null)]
    [InlineData("V5", "00 { }", 0x00, null)]
    [InlineData("V5", "00 { 1F s'bye' 11 0000000A 26 s'k' s'v' }", 0x00, 10u)]
    public void A_DISCONNECT_says_whether_there_is_a_will_and_how_long_the_session_stays(
        string version, string body, int reason, uint? expiry)
    {
        Assert.Null(ReadDisconnect(0, version, body, out DisconnectPacket packet));

        Assert.Equal(new DisconnectPacket((ReasonCode)reason, expiry), packet);
    }

    [Theory]
    [InlineData("flags", 1, "V5", "", 0x81)]
    [InlineData("a reason in 3.1.1", 0, "V311", "00", 0x81)]
    [InlineData("properties past the end", 0, "V5", "00 05 11", 0x81)]
    [InlineData("bytes at the end", 0, "V5", "00 { } 00", 0x81)]
    [InlineData("session expiry twice", 0, "V5", "00 { 11 00000000 11 00000000 }", 0x82)]
    [InlineData("a server reference", 0, "V5", "00 { 1C s'other:1883' }", 0x82)]
    [InlineData("another packet's property", 0, "V5", "00 { 21 0001 }", 0x81)]
    public void A_DISCONNECT_that_breaks_a_rule_is_refused_with_its_reason(
        string rule, int flags, string version, string body, int reason) => Assert.Equal(
            (rule, (ReasonCode)reason), (rule, ReadDisconnect(flags, version, body, out _)?.Reason ?? default));

    [Fact]
    public void A_DISCONNECT_has_the_reasons_that_a_client_may_say() => Assert.Equal(
        OfDisconnect,
        Enumerable.Range(0, 256).Where(code => ReadDisconnect(0, "V5", $"{code:X2}", out _) is null));

    private static PacketFault? Read(byte first, string version, string body, out AnswerPacket packet) =>
        AnswerPacket.Read(
            new PacketFrame(first, 2, 0), Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out packet);

    private static PacketFault? ReadDisconnect(
        int flags, string version, string body, out DisconnectPacket packet) =>
        DisconnectPacket.Read(flags, Wire.Bytes(body), Enum.Parse<ProtocolVersion>(version), out packet);
}
