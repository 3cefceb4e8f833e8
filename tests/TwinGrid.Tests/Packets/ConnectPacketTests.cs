using System.Text;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class ConnectPacketTests
{
    [Fact]
    public void MQTT_3_1_1_says_who_it_is_and_what_its_will_is()
    {
        ConnectPacket packet = Read("s'MQTT' 04 CE 000A s'c' s'will/t' s'gone' s'user' s'secret'");

        Assert.Equal(ProtocolVersion.V311, packet.Version);
        Assert.Equal("c", packet.ClientId);
        Assert.True(packet.CleanStart);
        Assert.Equal(10, packet.KeepAlive);
        Assert.Equal("user", packet.UserName);
        Assert.Equal("secret", Text(packet.Password));
        Assert.Equal("will/t", Text(packet.Will!.Topic));
        Assert.Equal("gone", Text(packet.Will.Payload));
        Assert.Equal(1, packet.Will.Qos);
        Assert.False(packet.Will.Retain);
        Assert.True(packet.Will.PublishProperties.IsEmpty);
    }

    // Section 3.1.2.4 of MQTT 3.1.1, and table 3.1.2.11.2 of MQTT 5: 0xFFFFFFFF is a session without end.
    [Theory]
    [InlineData("04 02 0000", 0u)]
    [InlineData("04 00 0000", uint.MaxValue)]
    [InlineData("05 02 0000 { }", 0u)]
    [InlineData("05 00 0000 { }", 0u)]
    [InlineData("05 00 0000 { 11 00000E10 }", 3600u)]
    public void A_session_lives_as_long_as_its_version_says(string words, uint seconds) =>
        Assert.Equal(seconds, Read($"s'MQTT' {words} s'c'").SessionExpiry);

    [Fact]
    public void MQTT_5_has_the_standards_values_where_nothing_is_said()
    {
        ConnectPacket packet = Read("s'MQTT' 05 02 003C { } s''");

        Assert.Equal("", packet.ClientId);
        Assert.Equal(65_535, packet.ReceiveMaximum);
        Assert.Equal(uint.MaxValue, packet.MaximumPacketSize);
        Assert.True(packet.WantsProblemInformation);
        Assert.Null(packet.AuthenticationMethod);
        Assert.Null(packet.UserName);
        Assert.Null(packet.Will);
        Assert.True(packet.Password.IsEmpty);
    }

    [Fact]
    public void MQTT_5_says_it_all_in_properties()
    {
        CorpusPacket all = PacketCorpus.All.Single(one => one.Name == "CONNECT with every property");
        Assert.Equal(FrameStatus.Complete, AnyPacket.ReadFrame(all.Bytes, out PacketFrame frame, out _));
        Assert.Null(ConnectPacket.Read(all.Bytes.AsSpan(frame.HeaderLength), out ConnectPacket? packet, out _));

        Assert.Equal((3600u, 65_536u), (packet!.SessionExpiry, packet.MaximumPacketSize));
        Assert.Equal(20, packet.ReceiveMaximum);
        Assert.False(packet.WantsProblemInformation);
        Assert.Equal("GS2", packet.AuthenticationMethod);
        Assert.Equal((10u, 60u), (packet.Will!.Delay, packet.Will.MessageExpiry));
        Assert.Equal("text/plain", Text(packet.Will.ContentType));
        Assert.Equal((1, true), (packet.Will.Qos, packet.Will.Retain));
        Assert.Equal("secret", Text(packet.Password));
    }

    [Fact]
    public void A_wills_properties_are_those_of_a_PUBLISH_and_its_delay_is_not()
    {
        ConnectPacket packet = Read(
            "s'MQTT' 05 06 003C { } s'c' { 26 s'k' s'v' 18 00000005 01 01 26 s'k' s'w' } s'w' s''");

        Assert.Equal(Wire.Bytes("26 s'k' s'v' 01 01 26 s'k' s'w'"), packet.Will!.PublishProperties.ToArray());
    }

    // MQTT-1.5.4-3: U+FEFF is never stripped.
    [Fact]
    public void A_byte_order_mark_stays_in_the_client_id() =>
        Assert.Equal("\uFEFFc", Read("s'MQTT' 04 02 0000 0004EFBBBF 'c'").ClientId);

    // Section 1.5.4.1: LATIN CAPITAL LETTER A and U+2A6D4.
    [Fact]
    public void Characters_beyond_the_basic_plane_are_read() =>
        Assert.Equal("A\U0002A6D4", Read("s'MQTT' 04 02 0000 000541F0AA9B94").ClientId);

    [Theory]
    [InlineData("s'MQIsdp' 03 02 003C s'c'", "V311", 0x84)]
    [InlineData("s'MQIsdp' 04 02 003C s'c'", "V311", 0x84)]
    [InlineData("s'MQTT' 03 02 003C s'c'", "V311", 0x84)]
    [InlineData("s'MQTT' 00", "V311", 0x84)]
    [InlineData("s'MQTT' 06 02 003C { } s'c'", "V5", 0x84)]
    [InlineData("s'MQTT' 7F", "V5", 0x84)]
    [InlineData("s'MQTT' 84 02 003C s'bridge'", "V311", 0x84)]
    [InlineData("s'MQTT' 85", "V5", 0x84)]
    [InlineData("s'MQTT'", "", 0x81)]
    [InlineData("s'mqtt' 04 02 003C s'c'", "", 0x81)]
    [InlineData("s'MQTTX' 04 02 003C s'c'", "", 0x81)]
    [InlineData("s'' 04 02 003C s'c'", "", 0x81)]
    [InlineData("'GET'", "", 0x81)]
    [InlineData("", "", 0x81)]
    public void Other_levels_and_other_protocols_are_refused(string body, string version, int reason)
    {
        PacketFault? fault = ConnectPacket.Read(
            Wire.Bytes(body), out ConnectPacket? packet, out ProtocolVersion? spoken);

        Assert.Equal((ReasonCode)reason, fault?.Reason);
        Assert.Equal(version, spoken?.ToString() ?? "");
        Assert.Null(packet);
    }

    [Theory]
    [InlineData("reserved flag", "05 03 003C { } s'c'", 0x81)]
    [InlineData("reserved flag of 3.1.1", "04 03 003C s'c'", 0x81)]
    [InlineData("will QoS 1 without a will", "05 0A 003C { } s'c'", 0x81)]
    [InlineData("will QoS 2 without a will", "04 12 003C s'c'", 0x81)]
    [InlineData("will retain without a will", "05 22 003C { } s'c'", 0x81)]
    [InlineData("will QoS 3", "05 1E 003C { } s'c' { } s'w' s''", 0x81)]
    [InlineData("password without user in 3.1.1", "04 42 003C s'c' s'p'", 0x81)]
    [InlineData("no flags", "05", 0x81)]
    [InlineData("half a keep alive", "05 02 00", 0x81)]
    [InlineData("no properties", "05 02 003C", 0x81)]
    [InlineData("no client id", "05 02 003C { }", 0x81)]
    [InlineData("client id past the end", "05 02 003C { } 0005 'abcd'", 0x81)]
    [InlineData("properties past the end", "05 02 003C 06 11 00000000", 0x81)]
    [InlineData("property past the properties", "05 02 003C { 11 000000 } s'c'", 0x81)]
    [InlineData("length of properties not the shortest", "05 02 003C 8000 s'c'", 0x81)]
    [InlineData("length of properties of five bytes", "05 02 003C 8080808001 s'c'", 0x81)]
    [InlineData("bytes at the end", "05 02 003C { } s'c' 00", 0x81)]
    [InlineData("a password that was not announced", "04 82 003C s'c' s'u' s'p'", 0x81)]
    [InlineData("no will topic", "04 06 003C s'c'", 0x81)]
    [InlineData("no will payload", "04 06 003C s'c' s'w'", 0x81)]
    [InlineData("no will properties", "05 06 003C { } s'c' s'w' s''", 0x81)]
    [InlineData("empty will topic", "04 06 003C s'c' s'' s''", 0x82)]
    [InlineData("will topic with a wildcard", "05 06 003C { } s'c' { } s'a/+' s''", 0x90)]
    [InlineData("will topic with U+0001", "04 06 003C s'c' 000101 s''", 0x81)]
    [InlineData("client id with U+0000", "05 02 003C { } 000100", 0x81)]
    [InlineData("client id with a lone surrogate", "04 02 003C 0003EDA080", 0x81)]
    [InlineData("client id with an overlong U+0000", "05 02 003C { } 0002C080", 0x81)]
    [InlineData("client id with an overlong slash", "05 02 003C { } 0002C0AF", 0x81)]
    [InlineData("client id beyond Unicode", "05 02 003C { } 0004F4908080", 0x81)]
    [InlineData("client id cut within a character", "05 02 003C { } 0002F0AA", 0x81)]
    [InlineData("user name that is not UTF-8", "04 82 003C s'c' 0001FF", 0x81)]
    [InlineData("session expiry twice", "05 02 003C { 11 00000000 11 00000000 } s'c'", 0x82)]
    [InlineData("receive maximum 0", "05 02 003C { 21 0000 } s'c'", 0x82)]
    [InlineData("maximum packet size 0", "05 02 003C { 27 00000000 } s'c'", 0x82)]
    [InlineData("request problem information 2", "05 02 003C { 17 02 } s'c'", 0x82)]
    [InlineData("request response information 2", "05 02 003C { 19 02 } s'c'", 0x82)]
    [InlineData("authentication data without a method", "05 02 003C { 16 s'x' } s'c'", 0x82)]
    [InlineData("unknown property", "05 02 003C { 7F } s'c'", 0x81)]
    [InlineData("response topic of the will with a wildcard", "05 06 003C { } s'c' { 08 s'#' } s'w' s''", 0x82)]
    [InlineData("will delay outside of the will", "05 02 003C { 18 00000000 } s'c'", 0x81)]
    public void What_breaks_a_rule_is_refused_with_its_reason(string rule, string rest, int reason)
    {
        byte[] body = Wire.Bytes("s'MQTT' " + rest);

        PacketFault? fault = ConnectPacket.Read(body, out ConnectPacket? packet, out ProtocolVersion? version);

        Assert.Equal((rule, (ReasonCode)reason), (rule, fault?.Reason ?? default));
        Assert.Null(packet);
        Assert.Equal((ProtocolVersion)body[6], version);
    }

    [Fact]
    public void A_client_id_of_65535_bytes_is_read_and_left_to_the_listener()
    {
        string longest = new('x', 65_535);

        Assert.Equal(longest, Read($"s'MQTT' 05 02 003C {{ }} s'{longest}'").ClientId);
    }

    // A user property bomb of 60 kB, and the limits' borders.
    [Theory]
    [InlineData(32, 1, null)]
    [InlineData(33, 1, 0x95)]
    [InlineData(16, 255, null)]
    [InlineData(17, 255, 0x95)]
    [InlineData(1, 60_000, 0x95)]
    [InlineData(60_000, 0, 0x95)]
    public void User_properties_are_at_most_32_of_4096_bytes_together(int count, int valueBytes, int? reason)
    {
        string properties = string.Concat(Enumerable.Repeat($"26 s'k' s'{new string('v', valueBytes)}' ", count));

        PacketFault? fault = ConnectPacket.Read(
            Wire.Bytes($"s'MQTT' 05 02 003C {{ {properties} }} s'c'"), out _, out _);

        Assert.Equal((ReasonCode?)reason, fault?.Reason);
    }

    private static ConnectPacket Read(string body)
    {
        Assert.Null(ConnectPacket.Read(Wire.Bytes(body), out ConnectPacket? packet, out ProtocolVersion? version));
        Assert.Equal(packet!.Version, version);
        return packet;
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
