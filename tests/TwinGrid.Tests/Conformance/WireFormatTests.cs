using System.Text;

namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 1.5 (data representation) and 2 (packet format).</summary>
public sealed class WireFormatTests(Brokers brokers) : ConformanceTest(brokers)
{
    private static readonly byte[] Refusals = [0x81, 0x82];

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_4_1_Text_that_is_not_UTF_8_ends_the_connection(string on)
    {
        // A surrogate, an overlong form, beyond U+10FFFF, a byte that never occurs, an unfinished character.
        string[] illFormed = ["EDA080", "C080", "F5808080", "FF", "E282"];
        foreach (string hex in illFormed)
        {
            RawClient client = await ConnectAsync(on, "a");
            byte[] topic = PacketBytes.Data([.. "a/"u8, .. Convert.FromHexString(hex)]);
            await client.SendAsync(PacketBytes.Packet(0x30, topic, PacketBytes.Properties(client.Level, null)));
            await client.AssertRefusedAsync(0x81, 0x82, 0x90);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_4_2_Text_with_U_0000_ends_the_connection(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a\0b"), "x"));
        await client.AssertRefusedAsync(0x81, 0x82, 0x90);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_4_3_A_byte_order_mark_is_a_character_like_any_other(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("#"));
        await client.PublishAsync(Topic("\uFEFFa"), "x");
        Assert.Equal(Topic("\uFEFFa"), (await client.HearAsync()).Topic);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_4_Text_of_one_to_four_bytes_a_character_comes_through(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        string topic = Topic("a\u00E9\u20AC\uD83D\uDE00");
        await client.SubscribeAsync(topic);
        await client.PublishAsync(topic, "\uD83D\uDE00");
        Publish heard = await client.HearAsync();
        Assert.Equal((topic, "\uD83D\uDE00"), (heard.Topic, heard.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_5_Lengths_of_one_two_and_three_bytes_are_read_and_written(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"));

        // Around the borders of table 1-1: 127 and 128, 16,383 and 16,384 bytes.
        int header = PacketBytes.Publish(client.Level, Topic("a"), "").Length - 2;
        foreach (int length in (int[])[126, 127, 128, 16_383, 16_384, 100_000])
        {
            string payload = new('x', length - header);
            await client.PublishAsync(Topic("a"), payload, qos: 0);
            Assert.Equal(payload, (await client.HearAsync()).Payload);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_1_5_5_A_length_of_five_bytes_ends_the_connection(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);
        await client.AssertRefusedAsync(0x81, 0x82, 0x95);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_1_2_The_packet_type_0_is_forbidden(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync([0x00, 0x00]);
        await client.AssertRefusedAsync(Refusals);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_2_1_2_The_packet_type_15_is_forbidden_in_MQTT_3_1_1(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync([0xF0, 0x00]);
        await client.AssertClosedAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311, NotMosquitto = "it ignores SUBACK, UNSUBACK and PINGRESP of a client")]
    public async Task MQTT_2_1_2_A_packet_that_only_servers_send_ends_the_connection(string on)
    {
        int properties = on.EndsWith(Mqtt5, StringComparison.Ordinal) ? 1 : 0;
        byte[][] packets =
        [
            [0x20, (byte)(2 + properties), 0, 0, .. new byte[properties]], // CONNACK
            [0x90, (byte)(3 + properties), 0, 1, .. new byte[properties], 0], // SUBACK
            [0xB0, (byte)(2 + (2 * properties)), 0, 1, .. new byte[2 * properties]], // UNSUBACK
            [0xD0, 0], // PINGRESP
        ];
        foreach (byte[] packet in packets)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(packet);
            await client.AssertRefusedAsync(Refusals);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_1_3_1_Reserved_flags_that_are_set_wrong_end_the_connection(string on)
    {
        string topic = Convert.ToHexString(PacketBytes.Text("a"));
        bool is5 = on.EndsWith(Mqtt5, StringComparison.Ordinal);
        string[] packets =
        [
            is5 ? $"80070001 00{topic}00" : $"80060001{topic}00", // SUBSCRIBE with 0000
            is5 ? $"A0060001 00{topic}" : $"A0050001{topic}", // UNSUBSCRIBE with 0000
            "60020001", // PUBREL with 0000
            "63020001", // PUBREL with 0011
            "E100", // DISCONNECT with 0001
        ];
        foreach (string packet in packets)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(Convert.FromHexString(packet.Replace(" ", "", StringComparison.Ordinal)));
            await client.AssertRefusedAsync(Refusals);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311, NotMosquitto = "it does not look at the flags of these")]
    public async Task MQTT_2_1_3_1_Reserved_flags_of_PUBACK_PUBREC_PUBCOMP_and_PINGREQ_are_0(string on)
    {
        foreach (string packet in (string[])["41020001", "52020001", "78020001", "C100"])
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(Convert.FromHexString(packet));
            await client.AssertRefusedAsync(Refusals);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_2_1_2_A_PUBLISH_of_QoS_0_has_no_packet_identifier(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        await client.PublishAsync(Topic("a"), "ab", qos: 0);
        Publish heard = await client.HearAsync();
        Assert.Equal((0, "ab"), (heard.Qos, heard.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_2_1_3_A_packet_identifier_is_not_0(string on)
    {
        int level = on.EndsWith(Mqtt5, StringComparison.Ordinal) ? 5 : 4;
        byte[][] packets =
        [
            PacketBytes.Publish(level, Topic("a"), "x", qos: 1, id: 0),
            PacketBytes.Publish(level, Topic("a"), "x", qos: 2, id: 0),
            PacketBytes.Subscribe(level, 0, [(Topic("a"), 0)]),
            PacketBytes.Unsubscribe(level, 0, Topic("a")),
        ];
        foreach (byte[] packet in packets)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(packet);
            await client.AssertRefusedAsync(Refusals);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_2_1_4_Messages_under_way_have_different_packet_identifiers(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        List<Publish> heard = [];
        for (int i = 0; i < 5; i++)
        {
            await client.PublishAsync(Topic("a"), $"{i}", qos: 1 + (i % 2));
            heard.Add(await client.TakeAsync<Publish>());
        }

        Assert.Equal(5, heard.DistinctBy(publish => publish.Id).Count());
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_2_1_5_An_answer_bears_the_identifier_of_its_packet(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        foreach (ushort id in (ushort[])[1, 255, 256, 0x7FFF, 0x8000, 0xFFFF])
        {
            await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 1, id: id));
            Assert.Equal(id, (await client.ExpectAsync<Answer>()).Id);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_Packets_may_come_byte_by_byte(string on)
    {
        RawClient client = await OpenAsync(on);
        byte[] all =
        [
            .. new Connect { ClientId = Id("a") }.ToBytes(client.Level),
            .. PacketBytes.Subscribe(client.Level, 1, [(Topic("a"), 0)]),
            .. PacketBytes.Publish(client.Level, Topic("a"), "hello"),
        ];
        foreach (byte one in all)
        {
            await client.SendAsync([one]);
        }

        await client.ExpectAsync<ConnAck>();
        await client.ExpectAsync<SubAck>();
        Assert.Equal("hello", (await client.ExpectAsync<Publish>()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_2_Many_packets_may_come_at_once(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        byte[][] packets =
        [
            .. Enumerable.Range(1, 200).Select(i => i % 2 == 0
                ? PacketBytes.PingReq
                : PacketBytes.Publish(client.Level, Topic("a"), new string('x', i), qos: 0)),
        ];
        await client.SendAsync(packets);
        for (int i = 0; i < 100; i++)
        {
            await client.ExpectAsync<PingResp>();
        }

        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_2_2_2_1_A_property_length_of_0_stands_where_there_are_none(string on)
    {
        RawClient client = await ConnectAsync(on, "a");

        // Without it, the payload's first byte is taken for it: 0x61 = 97 bytes of properties are not there.
        await client.SendAsync(PacketBytes.Packet(0x30, PacketBytes.Text(Topic("a")), Encoding.UTF8.GetBytes("abc")));
        await client.AssertRefusedAsync(Refusals);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_2_2_2_2_An_unknown_property_is_malformed(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Packet(0x30, PacketBytes.Text(Topic("a")), [2, 0x7F, 0]));
        await client.AssertRefusedAsync(Refusals);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_2_2_2_2_A_property_of_another_packet_is_an_error(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList foreign = new() { { Property.ReceiveMaximum, 10 } };
        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: foreign));
        await client.AssertRefusedAsync(Refusals);
    }
}
