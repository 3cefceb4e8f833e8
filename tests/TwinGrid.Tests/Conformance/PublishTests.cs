using System.Text;

namespace TwinGrid.Tests.Conformance;

/// <summary>Section 3.3 (PUBLISH): flags, topic, properties.</summary>
public sealed class PublishTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_2_DUP_with_QoS_0_is_never_passed_on(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"));
        await client.PublishAsync(Topic("a"), "x", qos: 0);
        Assert.False((await client.HearAsync()).Dup);
    }

    [Theory]
    [On(Mqtt5, Mqtt311, NotMosquitto = "it takes a DUP with QoS 0")]
    public async Task MQTT_3_3_1_2_DUP_with_QoS_0_ends_the_connection(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", dup: true));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_3_DUP_is_not_passed_on(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 1, id: 9, dup: true));
        Assert.False((await client.HearAsync()).Dup);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_4_There_is_no_QoS_3(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 3, id: 1));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_2_2_A_topic_has_no_wildcards(string on)
    {
        foreach (string topic in (string[])["a/+", "a/#", "+", "#", "a+b", "a#"])
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(PacketBytes.Publish(client.Level, Topic(topic), "x"));
            await client.AssertRefusedAsync(0x81, 0x82, 0x90);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_3_1_A_topic_is_not_empty(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, "", "x"));
        await client.AssertRefusedAsync(0x81, 0x82, 0x90);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_3_A_payload_can_be_empty_and_can_be_any_bytes(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"));
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        await client.SendAsync(
            PacketBytes.Publish(client.Level, Topic("a"), ""),
            PacketBytes.Packet(
                0x30, PacketBytes.Text(Topic("a")), PacketBytes.Properties(client.Level, null), all));
        Assert.Empty((await client.HearAsync()).Data);
        Assert.Equal(all, (await client.HearAsync()).Data);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_4_to_20_Properties_of_the_sender_reach_the_subscriber_unaltered(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        await client.PublishAsync(Topic("a"), "x", properties: new()
        {
            { Property.PayloadFormat, 1 },
            { Property.ResponseTopic, "answers/\u00E9" },
            { Property.CorrelationData, [0, 255, 128] },
            { Property.ContentType, "text/plain; charset=utf-8" },
        });
        PropertyList heard = (await client.HearAsync()).Properties;
        Assert.Equal(1, heard.Number(Property.PayloadFormat));
        Assert.Equal("answers/\u00E9", heard.Text(Property.ResponseTopic));
        Assert.Equal([0, 255, 128], heard.Data(Property.CorrelationData)!);
        Assert.Equal("text/plain; charset=utf-8", heard.Text(Property.ContentType));
        Assert.False(heard.Has(Property.MessageExpiry));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_17_and_18_User_properties_come_unaltered_and_in_order(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        PropertyList said = new()
        {
            { Property.UserProperty, "z", "1" },
            { Property.UserProperty, "a", "" },
            { Property.UserProperty, "", "2" },
            { Property.UserProperty, "z", "3" },
        };
        for (int qos = 0; qos <= 2; qos++)
        {
            await client.PublishAsync(Topic("a"), "x", qos, properties: said);
            Assert.Equal(said.Users, (await client.HearAsync()).Properties.Users);
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_5_A_message_that_waited_too_long_is_not_delivered(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "p");
        await publisher.PublishAsync(Topic("a"), "short", properties: new() { { Property.MessageExpiry, 1 } });
        await publisher.PublishAsync(Topic("a"), "long", properties: new() { { Property.MessageExpiry, 100 } });
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        (RawClient second, _) = await ResumeAsync(on, "a");
        Publish heard = await second.HearAsync();
        Assert.Equal("long", heard.Payload);

        // MQTT-3.3.2-6: less the time that it waited, 2.5 s; mosquitto counts whole seconds.
        Assert.InRange(heard.Properties.Number(Property.MessageExpiry) ?? 0, 90, 98);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_6_A_message_that_did_not_wait_keeps_its_expiry(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"));
        await client.PublishAsync(Topic("a"), "x", properties: new() { { Property.MessageExpiry, 100 } });
        Assert.InRange((await client.HearAsync()).Properties.Number(Property.MessageExpiry) ?? 0, 90, 100);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 does not look at the response topic")]
    public async Task MQTT_3_3_2_14_A_response_topic_has_no_wildcards(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList wild = new() { { Property.ResponseTopic, "a/+" } };
        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: wild));
        await client.AssertRefusedAsync(0x81, 0x82, 0x90);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 takes it")]
    public async Task MQTT_3_3_4_6_A_client_publishes_without_subscription_identifier(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList wrong = new() { { Property.SubscriptionIdentifier, 1 } };
        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: wrong));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_3_A_property_that_may_stand_once_does_not_stand_twice(string on)
    {
        Property[] once =
        [
            Property.PayloadFormat, Property.MessageExpiry, Property.TopicAlias, Property.ContentType,
            Property.ResponseTopic, Property.CorrelationData,
        ];
        foreach (Property property in once)
        {
            RawClient client = await ConnectAsync(on, "a");
            PropertyList twice = new();
            for (int i = 0; i < 2; i++)
            {
                switch (property)
                {
                    case Property.ContentType or Property.ResponseTopic: twice.Add(property, "a"); break;
                    case Property.CorrelationData: twice.Add(property, Encoding.UTF8.GetBytes("a")); break;
                    default: twice.Add(property, 1); break;
                }
            }

            await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: twice));
            await client.AssertRefusedAsync(0x81, 0x82);
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_1_A_publish_to_nobody_is_acknowledged(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        foreach (int qos in (int[])[1, 2])
        {
            Assert.Contains(await client.PublishAsync(Topic("nobody"), "x", qos), (byte[])[0x00, 0x10]);
        }
    }
}
