namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.8 to 3.11 (SUBSCRIBE, UNSUBSCRIBE and their answers) and 3.3.4 (overlapping).</summary>
public sealed class SubscribeTests(Brokers brokers) : ConformanceTest(brokers)
{
    private const int NoLocal = 0x04;

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_3_2_A_SUBSCRIBE_has_a_filter(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Subscribe(client.Level, 1, []));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_3_A_filter_without_options_ends_the_connection(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        byte[] properties = PacketBytes.Properties(client.Level, null);
        await client.SendAsync(
            PacketBytes.Packet(0x82, PacketBytes.Number(1), properties, PacketBytes.Text(Topic("a"))));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_8_3_3_With_no_local_a_client_does_not_hear_itself(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), NoLocal | 1);
        await client.PublishAsync(Topic("a"), "own");
        RawClient other = await ConnectAsync(on, "b");
        await other.PublishAsync(Topic("a"), "other's");
        Assert.Equal(["other's"], (await HeardAsync(client, other)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 grants it")]
    public async Task MQTT_3_8_3_4_No_local_on_a_shared_subscription_is_an_error(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Subscribe(5, 1, [($"$share/g/{Topic("a")}", NoLocal)]));
        await client.AssertRefusedAsync(0x82);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it offers shared subscriptions, which TwinGrid does not")]
    public async Task MQTT_3_9_3_A_shared_subscription_is_refused(string on)
    {
        (RawClient client, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.Equal(0, answer.Properties.Number(Property.SharedSubscriptionAvailable));
        Assert.Equal(0x9E, await client.SubscribeAsync($"$share/g/{Topic("a")}", 1));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_3_5_Reserved_bits_of_the_options_are_0(string on)
    {
        int[] wrong = on.EndsWith(Mqtt5, StringComparison.Ordinal)
            ? [0x03, 0x30, 0x40, 0x80] // QoS 3, retain handling 3, the reserved bits
            : [0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
        foreach (int options in wrong)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(PacketBytes.Subscribe(client.Level, 1, [(Topic("a"), options)]));
            await client.AssertRefusedAsync(0x81, 0x82);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_4_3_A_filter_that_stands_already_is_replaced(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        Assert.Equal(2, await client.SubscribeAsync(Topic("a"), 2));
        Assert.Equal(0, await client.SubscribeAsync(Topic("a"), 0));
        await client.PublishAsync(Topic("a"), "x");
        Publish heard = Assert.Single(await HeardAsync(client, client));
        Assert.Equal(0, heard.Qos);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_4_5_and_6_Many_filters_get_a_code_each_in_their_order(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        SubAck answer = await client.SubscribeAsync([(Topic("a"), 2), (Topic("b"), 0), (Topic("c"), 1)]);
        Assert.Equal([2, 0, 1], answer.Codes);
        foreach (string name in (string[])["a", "b", "c"])
        {
            await client.PublishAsync(Topic(name), "x", qos: 2);
        }

        Assert.Equal(
            [("a", 2), ("b", 0), ("c", 1)],
            (await HeardAsync(client, client)).Select(it => (it.Topic.Split('/')[1], it.Qos)).Order());
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_4_8_A_message_comes_with_the_lower_QoS_of_publisher_and_subscriber(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        for (int granted = 0; granted <= 2; granted++)
        {
            Assert.Equal(granted, await client.SubscribeAsync(Topic("a"), granted));
            for (int published = 0; published <= 2; published++)
            {
                await client.PublishAsync(Topic("a"), "x", published);
                Assert.Equal(Math.Min(granted, published), (await client.HearAsync()).Qos);
            }
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_2_Where_subscriptions_overlap_the_highest_QoS_counts(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync([(Topic("#"), 2), (Topic("a"), 1), (Topic("+"), 0)]);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        IReadOnlyList<Publish> heard = await HeardAsync(client, client);
        Publish[] copies = [.. heard.Where(it => it.Topic == Topic("a"))];
        Assert.InRange(copies.Length, 1, 3);
        Assert.Equal(2, copies.Max(it => it.Qos));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_3_A_message_bears_the_identifier_of_its_subscription(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1, identifier: 1);
        await client.SubscribeAsync(Topic("b"), 1, identifier: 268_435_455);
        await client.SubscribeAsync(Topic("c"), 1);
        foreach (string name in (string[])["a", "b", "c"])
        {
            await client.PublishAsync(Topic(name), name);
        }

        Assert.Equal(
            [("a", "1"), ("b", "268435455"), ("c", "")],
            (await HeardAsync(client, client))
                .Select(it => (it.Payload, string.Join(',', it.Properties.Numbers(Property.SubscriptionIdentifier)))));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_4_4_and_5_Where_subscriptions_overlap_every_identifier_comes(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a/#"), 0, identifier: 7);
        await client.SubscribeAsync(Topic("a/b"), 0, identifier: 300);
        await client.PublishAsync(Topic("a/b"), "x");
        Assert.Equal(
            [7L, 300L],
            (await HeardAsync(client, client))
                .SelectMany(it => it.Properties.Numbers(Property.SubscriptionIdentifier)).Order());
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_8_2_There_is_no_subscription_identifier_0(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList zero = new() { { Property.SubscriptionIdentifier, 0 } };
        await client.SendAsync(PacketBytes.Subscribe(5, 1, [(Topic("a"), 0)], zero));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_8_4_3_A_new_subscription_replaces_the_identifier_too(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 0, identifier: 7);
        await client.SubscribeAsync(Topic("a"), 0, identifier: 8);
        await client.PublishAsync(Topic("a"), "x");
        Assert.Equal([8L], (await client.HearAsync()).Properties.Numbers(Property.SubscriptionIdentifier));
        await client.SubscribeAsync(Topic("a"), 0);
        await client.PublishAsync(Topic("a"), "x");
        Assert.Empty((await client.HearAsync()).Properties.Numbers(Property.SubscriptionIdentifier));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_10_3_2_An_UNSUBSCRIBE_has_a_filter(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Unsubscribe(client.Level, 1));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_10_4_1_A_subscription_ends_by_its_own_filter_and_no_other(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync([(Topic("a/+"), 0), (Topic("b"), 0)]);
        await client.UnsubscribeAsync(Topic("a/b"), Topic("a/#"), Topic("#"), Topic("B"));
        await client.PublishAsync(Topic("a/b"), "still");
        Assert.Equal("still", (await client.HearAsync()).Payload);
        await client.UnsubscribeAsync(Topic("a/+"));
        await client.PublishAsync(Topic("a/b"), "no");
        await client.PublishAsync(Topic("b"), "yes");
        Assert.Equal(["yes"], (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_10_4_3_What_was_under_way_at_an_UNSUBSCRIBE_is_completed(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        Publish underWay = await client.TakeAsync<Publish>();
        await client.UnsubscribeAsync(Topic("a"));
        await client.AcknowledgeAsync(underWay);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_10_4_5_An_UNSUBSCRIBE_of_nothing_is_answered(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.UnsubscribeAsync(Topic("never"));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_11_3_1_An_UNSUBACK_says_of_each_filter_whether_it_was_there(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync([(Topic("a"), 0), (Topic("c"), 0)]);
        SubAck answer = await client.UnsubscribeAsync(Topic("a"), Topic("b"), Topic("c"));
        Assert.Equal([0x00, 0x11, 0x00], answer.Codes);
    }
}
