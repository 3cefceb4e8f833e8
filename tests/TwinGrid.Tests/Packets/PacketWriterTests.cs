using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class PacketWriterTests
{
    private static readonly OutgoingPublish Command = new()
    {
        Topic = "a/b"u8.ToArray(),
        Payload = "21.5"u8.ToArray(),
        Qos = 1,
        PacketId = 10,
    };

    [Fact]
    public void A_CONNACK_of_MQTT_5_names_what_is_not_the_default()
    {
        ConnAckPacket packet = new()
        {
            Reason = ReasonCode.Success,
            SessionPresent = true,
            SessionExpiry = 3600,
            ReceiveMaximum = 128,
            MaximumPacketSize = 262_144,
            AssignedClientId = "auto-1",
            TopicAliasMaximum = 16,
            ServerKeepAlive = 60,
            RetainAvailable = false,
            SharedSubscriptionAvailable = false,
            ReasonString = "welcome",
        };

        Assert.Equal(
            Wire.Bytes("""
                20 { 01 00 { 11 00000E10 21 0080 25 00 27 00040000 12 s'auto-1' 22 0010 1F s'welcome' 2A 00 13 003C } }
                """),
            Wire.Written(output => PacketWriter.ConnAck(output, ProtocolVersion.V5, packet)));
        Assert.Equal(
            Wire.Bytes("20 { 00 00 { } }"),
            Wire.Written(output => PacketWriter.ConnAck(
                output, ProtocolVersion.V5, new ConnAckPacket { Reason = ReasonCode.Success })));
    }

    // Table 3.1 of MQTT 3.1.1: six return codes; where none fits the server closes without a CONNACK (MQTT-3.2.2-6).
    [Theory]
    [InlineData(0x00, "20 02 0100")]
    [InlineData(0x84, "20 02 0001")]
    [InlineData(0x85, "20 02 0002")]
    [InlineData(0x88, "20 02 0003")]
    [InlineData(0x89, "20 02 0003")]
    [InlineData(0x9F, "20 02 0003")]
    [InlineData(0x86, "20 02 0004")]
    [InlineData(0x87, "20 02 0005")]
    [InlineData(0x81, "")]
    [InlineData(0x8C, "")]
    public void A_CONNACK_of_MQTT_3_1_1_has_a_return_code_or_is_not_sent(int reason, string bytes) => Assert.Equal(
        Wire.Bytes(bytes),
        Wire.Written(output => PacketWriter.ConnAck(
            output,
            ProtocolVersion.V311,
            new ConnAckPacket { Reason = (ReasonCode)reason, SessionPresent = true, AssignedClientId = "x" })));

    // MQTT-3.2.2-6 of MQTT 5: Session Present is 0 with every reason but success.
    [Fact]
    public void A_refusal_has_no_session() => Assert.Equal(
        Wire.Bytes("20 { 00 87 { } }"),
        Wire.Written(output => PacketWriter.ConnAck(
            output,
            ProtocolVersion.V5,
            new ConnAckPacket { Reason = ReasonCode.NotAuthorized, SessionPresent = true })));

    [Theory]
    [InlineData("PubAck", "V311", 0x00, null, "40 02 000A")]
    [InlineData("PubAck", "V311", 0x99, "no JSON", "40 02 000A")]
    [InlineData("PubAck", "V5", 0x00, null, "40 02 000A")]
    [InlineData("PubAck", "V5", 0x10, null, "40 03 000A 10")]
    [InlineData("PubAck", "V5", 0x99, "bad", "40 { 000A 99 { 1F s'bad' } }")]
    [InlineData("PubRec", "V5", 0x97, null, "50 03 000A 97")]
    [InlineData("PubRel", "V5", 0x00, null, "62 02 000A")]
    [InlineData("PubRel", "V5", 0x92, null, "62 03 000A 92")]
    [InlineData("PubComp", "V5", 0x92, "who", "70 { 000A 92 { 1F s'who' } }")]
    public void An_answer_is_as_short_as_its_reason_allows(
        string type, string version, int reason, string? detail, string bytes) => Assert.Equal(
            Wire.Bytes(bytes),
            Wire.Written(output => PacketWriter.Answer(
                output,
                Enum.Parse<PacketType>(type),
                Enum.Parse<ProtocolVersion>(version),
                packetId: 10,
                (ReasonCode)reason,
                detail)));

    [Theory]
    [InlineData("V311", "90 { 000A 01 02 80 80 }")]
    [InlineData("V5", "90 { 000A { } 01 02 87 97 }")]
    public void A_SUBACK_answers_filter_by_filter(string version, string bytes) => Assert.Equal(
        Wire.Bytes(bytes),
        Wire.Written(output => PacketWriter.SubAck(
            output,
            Enum.Parse<ProtocolVersion>(version),
            packetId: 10,
            [ReasonCode.GrantedQos1, ReasonCode.GrantedQos2, ReasonCode.NotAuthorized, ReasonCode.QuotaExceeded])));

    [Theory]
    [InlineData("V311", "B0 02 000A")]
    [InlineData("V5", "B0 { 000A { } 00 11 }")]
    public void An_UNSUBACK_has_reasons_in_MQTT_5_only(string version, string bytes) => Assert.Equal(
        Wire.Bytes(bytes),
        Wire.Written(output => PacketWriter.UnsubAck(
            output,
            Enum.Parse<ProtocolVersion>(version),
            packetId: 10,
            [ReasonCode.Success, ReasonCode.NoSubscriptionExisted])));

    [Fact]
    public void A_PINGRESP_is_two_bytes() => Assert.Equal([0xD0, 0x00], Wire.Written(PacketWriter.PingResp));

    [Theory]
    [InlineData(0x8E, null, "E0 01 8E")]
    [InlineData(0x81, "why", "E0 { 81 { 1F s'why' } }")]
    public void A_DISCONNECT_says_why(int reason, string? detail, string bytes) => Assert.Equal(
        Wire.Bytes(bytes), Wire.Written(output => PacketWriter.Disconnect(output, (ReasonCode)reason, detail)));

    // With its reason string each of them has 15 bytes or more; without it 5 and 3.
    [Theory]
    [InlineData(14u, "40 03 000A 99", "E0 01 81")]
    [InlineData(17u, "40 { 000A 99 { 1F s'too_long' } }", "E0 { 81 { 1F s'too_long' } }")]
    public void A_reason_string_is_left_out_where_the_client_takes_no_more(
        uint largest, string answer, string disconnect)
    {
        Assert.Equal(Wire.Bytes(answer), Wire.Written(output => PacketWriter.Answer(
            output, PacketType.PubAck, ProtocolVersion.V5, 10, ReasonCode.PayloadFormatInvalid, "too_long", largest)));
        Assert.Equal(Wire.Bytes(disconnect), Wire.Written(output => PacketWriter.Disconnect(
            output, ReasonCode.MalformedPacket, "too_long", largest)));
        Assert.Equal(largest == 14 ? 5 : 16, Wire.Written(output => PacketWriter.ConnAck(
            output,
            ProtocolVersion.V5,
            new ConnAckPacket { Reason = ReasonCode.NotAuthorized, ReasonString = "too_long" },
            largest)).Length);
    }

    // 171 characters of three bytes are 513; 170 are 510.
    [Fact]
    public void A_long_reason_string_ends_at_a_whole_character()
    {
        byte[] packet = Wire.Written(output => PacketWriter.Disconnect(
            output, ReasonCode.MalformedPacket, new string('€', 171)));

        Assert.Equal(Wire.Bytes($"E0 {{ 81 {{ 1F s'{new string('€', 170)}' }} }}"), packet);
    }

    // Section 3.3.2.3 of MQTT 3.1.1 and 3.3.2.4 of MQTT 5.
    [Fact]
    public void A_PUBLISH_is_the_standards_example()
    {
        Assert.Equal(Wire.Bytes("32 { s'a/b' 000A '21.5' }"), Publish(ProtocolVersion.V311, Command));
        Assert.Equal(Wire.Bytes("32 { s'a/b' 000A { } '21.5' }"), Publish(ProtocolVersion.V5, Command));
    }

    [Theory]
    [InlineData(0, false, false, "30 { s'a/b' '21.5' }")]
    [InlineData(0, false, true, "31 { s'a/b' '21.5' }")]
    [InlineData(1, true, false, "3A { s'a/b' 000A '21.5' }")]
    [InlineData(2, true, true, "3D { s'a/b' 000A '21.5' }")]
    public void A_PUBLISH_has_its_flags(byte qos, bool duplicate, bool retain, string bytes) => Assert.Equal(
        Wire.Bytes(bytes),
        Publish(ProtocolVersion.V311, Command with { Qos = qos, IsDuplicate = duplicate, Retain = retain }));

    [Fact]
    public void A_PUBLISH_carries_expiry_properties_and_subscriptions_in_MQTT_5_only()
    {
        OutgoingPublish packet = Command with
        {
            MessageExpiry = 60,
            Properties = PublishProperties.Encode("application/json", "twins/t/1/results/7", "7"u8),
            SubscriptionIdentifiers = new uint[] { 1, 268_435_455 },
        };

        Assert.Equal(
            Wire.Bytes("""
                32 { s'a/b' 000A
                { 02 0000003C 03 s'application/json' 08 s'twins/t/1/results/7' 09 s'7' 0B 01 0B FFFFFF7F } '21.5' }
                """),
            Publish(ProtocolVersion.V5, packet));
        Assert.Equal(Wire.Bytes("32 { s'a/b' 000A '21.5' }"), Publish(ProtocolVersion.V311, packet));
    }

    [Theory]
    [InlineData(null, null, "", "")]
    [InlineData("t", null, "", "03 s't'")]
    [InlineData(null, "r", "", "08 s'r'")]
    [InlineData("ü", "r", "id", "03 s'ü' 08 s'r' 09 s'id'")]
    public void The_grids_own_properties_are_encoded_once(
        string? contentType, string? responseTopic, string correlation, string bytes) => Assert.Equal(
            Wire.Bytes(bytes),
            PublishProperties.Encode(contentType, responseTopic, Encoding.UTF8.GetBytes(correlation)));

    // A pipe gives memory of 4 KiB at a time; 127 and 128, 16,383 and 16,384 are where the length grows by a byte.
    [Theory]
    [InlineData(0)]
    [InlineData(122)]
    [InlineData(123)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(5000)]
    [InlineData(16_378)]
    [InlineData(16_379)]
    [InlineData(262_144)]
    public async Task A_payload_of_any_size_is_written(int size)
    {
        byte[] payload = [.. Enumerable.Range(0, size).Select(i => (byte)i)];
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        PacketWriter.PingResp(pipe.Writer);

        PacketWriter.Publish(pipe.Writer, ProtocolVersion.V311, Command with { Qos = 0, Payload = payload });

        await pipe.Writer.CompleteAsync();
        ReadResult written = await pipe.Reader.ReadAsync();
        byte[] publish = Wire.Packet(0x30, [.. Wire.Bytes("s'a/b'"), .. payload]);
        Assert.Equal([0xD0, 0x00, .. publish], written.Buffer.ToArray());
    }

    [Fact]
    public void Answers_and_publishes_allocate_nothing()
    {
        ArrayBufferWriter<byte> output = new(1024);
        OutgoingPublish packet = Command with { MessageExpiry = 60, SubscriptionIdentifiers = new uint[] { 7 } };
        WriteBoth();
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 1000; i++)
        {
            WriteBoth();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void WriteBoth()
        {
            output.ResetWrittenCount();
            PacketWriter.Publish(output, ProtocolVersion.V5, in packet);
            PacketWriter.Answer(output, PacketType.PubAck, ProtocolVersion.V5, 1, ReasonCode.Success, null);
            PacketWriter.Answer(
                output, PacketType.PubAck, ProtocolVersion.V5, 1, ReasonCode.PayloadFormatInvalid, "not JSON");
        }
    }

    private static byte[] Publish(ProtocolVersion version, OutgoingPublish packet)
    {
        byte[] bytes = Wire.Written(output => PacketWriter.Publish(output, version, packet));
        Assert.Equal(bytes.Length, PacketWriter.PublishLength(version, packet));
        return bytes;
    }
}
