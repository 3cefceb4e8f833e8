namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.1.2.11 (receive maximum, maximum packet size) and 4.9 (flow control).</summary>
public sealed class FlowTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 sends one more than it may when an answer makes room")]
    public async Task MQTT_3_3_4_9_No_more_messages_are_under_way_than_the_client_takes(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.ReceiveMaximum, 2 } });
        await client.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "p");
        for (int i = 0; i < 5; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}");
        }

        Publish zero = await client.TakeAsync<Publish>();
        Publish one = await client.TakeAsync<Publish>();
        await client.AssertQuietAsync(); // MQTT-4.9.0-3: and PINGREQ is answered meanwhile
        await client.AcknowledgeAsync(zero);
        Publish two = await client.TakeAsync<Publish>();
        await client.AssertQuietAsync();
        await client.AcknowledgeAsync(one);
        await client.AcknowledgeAsync(two);
        Publish three = await client.HearAsync();
        Publish four = await client.HearAsync();
        Assert.Equal(["0", "1", "2", "3", "4"], ((Publish[])[zero, one, two, three, four]).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_9_0_2_A_message_of_QoS_2_is_under_way_until_its_PUBCOMP(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.ReceiveMaximum, 1 } });
        await client.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "p");
        await publisher.PublishAsync(Topic("a"), "one", qos: 2);
        await publisher.PublishAsync(Topic("a"), "two", qos: 2);
        Publish one = await client.TakeAsync<Publish>();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRec, one.Id));
        await client.TakeAsync(PacketKind.PubRel, one.Id);
        await client.AssertQuietAsync();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubComp, one.Id));
        Assert.Equal("two", (await client.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_9_0_2_A_message_that_is_refused_makes_room(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.ReceiveMaximum, 1 } });
        await client.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "p");
        foreach (int qos in (int[])[2, 1, 2])
        {
            await publisher.PublishAsync(Topic("a"), $"{qos}", qos);
        }

        Publish first = await client.TakeAsync<Publish>();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRec, first.Id, 0x83));
        Publish second = await client.TakeAsync<Publish>();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubAck, second.Id, 0x83));
        Assert.Equal("2", (await client.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_10_Messages_of_QoS_0_do_not_wait_for_room(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.ReceiveMaximum, 1 } });
        await client.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "p");
        await publisher.PublishAsync(Topic("a"), "one", qos: 1);
        Publish one = await client.TakeAsync<Publish>();
        await publisher.PublishAsync(Topic("a"), "zero", qos: 0);
        Assert.Equal("zero", (await client.TakeAsync<Publish>()).Payload);
        await client.AcknowledgeAsync(one);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it answers PUBREC 0x97 instead of closing")]
    public async Task MQTT_3_3_4_7_A_client_that_sends_more_than_the_server_takes_is_disconnected(string on)
    {
        RawClient client = await OpenAsync(on);
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = Id("a") });
        int most = (int)(answer.Properties.Number(Property.ReceiveMaximum) ?? 65_535);
        Assert.InRange(most, 1, 5_000);
        for (int i = 1; i <= most; i++)
        {
            await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "", qos: 2, id: (ushort)i));
        }

        for (int i = 1; i <= most; i++)
        {
            await client.TakeAsync(PacketKind.PubRec, (ushort)i);
        }

        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "", qos: 2, id: (ushort)(most + 1)));
        await client.AssertRefusedAsync(0x93);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_7_A_message_that_is_complete_makes_room_at_the_server(string on)
    {
        RawClient client = await OpenAsync(on);
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = Id("a") });
        int most = (int)(answer.Properties.Number(Property.ReceiveMaximum) ?? 65_535);
        for (int i = 1; i <= most + 20; i++)
        {
            await client.PublishAsync(Topic("a"), "", qos: 1 + (i % 2));
        }

        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_24_A_packet_that_is_too_large_for_the_client_is_not_sent(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.MaximumPacketSize, 100 } });
        Assert.Equal([10, 20, 30], await HeardLengthsAsync(on, client, 10, 200, 20, 100, 30));
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 keeps the room of what it does not send")]
    public async Task MQTT_3_1_2_25_What_is_too_large_counts_as_delivered(string on)
    {
        PropertyList small = new() { { Property.MaximumPacketSize, 100 }, { Property.ReceiveMaximum, 1 } };
        RawClient client = await ConnectAsync(on, "a", small);
        Assert.Equal([10, 20, 30], await HeardLengthsAsync(on, client, 10, 200, 20, 100, 30));
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 does not count the first byte of a packet")]
    public async Task MQTT_3_1_2_24_A_packet_of_just_the_size_is_sent(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.MaximumPacketSize, 120 } });
        await client.SubscribeAsync(Topic("a"), 0);
        RawClient publisher = await ConnectAsync(on, "p");
        int header = PacketBytes.Publish(5, Topic("a"), "").Length;
        await publisher.PublishAsync(Topic("a"), new string('x', 121 - header), qos: 0);
        await publisher.PublishAsync(Topic("a"), new string('x', 120 - header), qos: 0);
        Assert.Equal(120, (await client.HearAsync()).Size);
        Assert.Empty(await HeardAsync(client, publisher));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_2_2_19_Answers_fit_a_small_client(string on)
    {
        RawClient client = await OpenAsync(on);
        PropertyList small = new() { { Property.MaximumPacketSize, 64 } };
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = Id("a"), Properties = small });
        Assert.InRange(answer.Size, 1, 64);
        Assert.InRange((await client.SubscribeAsync([(Topic("a"), 0)])).Size, 1, 64);
        await client.SendAsync(PacketBytes.Publish(5, "twins/turbine", "x", qos: 1, id: 9));
        Assert.InRange((await client.TakeAsync(PacketKind.PubAck, 9)).Size, 1, 64);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_9_0_3_Packets_of_all_kinds_are_answered_while_a_subscriber_does_not_acknowledge(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.ReceiveMaximum, 1 } });
        await client.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "p");
        for (int i = 0; i < 30; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}");
        }

        await client.TakeAsync<Publish>();
        Assert.Equal(1, await client.SubscribeAsync(Topic("b"), 1));
        await client.UnsubscribeAsync(Topic("b"));
        await client.PublishAsync(Topic("c"), "x", qos: 1);
        await client.PublishAsync(Topic("c"), "x", qos: 2);
        await client.PingAsync();
    }

    private async Task<IEnumerable<int>> HeardLengthsAsync(string on, RawClient client, params int[] lengths)
    {
        await client.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "p");
        foreach (int length in lengths)
        {
            await publisher.PublishAsync(Topic("a"), new string('x', length));
        }

        return (await HeardAsync(client, publisher)).Select(it => it.Data.Length);
    }
}
