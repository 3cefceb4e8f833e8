namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.3.1.3 (RETAIN) and 3.8.3.1 (retain as published, retain handling).</summary>
public sealed class RetainTests(Brokers brokers) : ConformanceTest(brokers)
{
    private const int RetainAsPublished = 0x08;
    private const int IfNew = 0x10;
    private const int Never = 0x20;

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_5_The_last_retained_message_of_a_topic_is_kept(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.PublishAsync(Topic("a"), "two", retain: true);
        await client.SubscribeAsync(Topic("a"), 1);
        Publish heard = Assert.Single(await HeardAsync(client, client));
        Assert.Equal(("two", true), (heard.Payload, heard.Retain));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_6_An_empty_retained_message_is_passed_on_and_removes_the_one_before(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync(Topic("a"));
        Assert.Equal("one", (await watcher.HearAsync()).Payload);
        await client.PublishAsync(Topic("a"), "", retain: true);
        Assert.Equal("", (await watcher.HearAsync()).Payload);
        await client.SubscribeAsync(Topic("a"), 1);
        Assert.Empty(await HeardAsync(client, client));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_7_An_empty_message_is_not_retained(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "", retain: true);
        await client.SubscribeAsync(Topic("a"));
        Assert.Empty(await HeardAsync(client, client));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_8_A_message_that_is_not_retained_changes_nothing_of_what_is(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.PublishAsync(Topic("a"), "two", retain: false);
        await client.PublishAsync(Topic("a"), "", retain: false);
        await client.PublishAsync(Topic("b"), "three", retain: false);
        await client.SubscribeAsync(Topic("#"), 1);
        Assert.Equal(["one"], (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_5_Retained_messages_survive_their_publisher(string on)
    {
        RawClient publisher = await ConnectAsync(on, "p");
        await publisher.PublishAsync(Topic("a"), "one", qos: 2, retain: true);
        await publisher.LeaveAsync();
        await ConnectAsync(on, "p");
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        Publish heard = await client.HearAsync();
        Assert.Equal(("one", 2, true), (heard.Payload, heard.Qos, heard.Retain));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_9_Every_retained_message_that_matches_comes_with_a_new_subscription(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        foreach (string name in (string[])["a", "a/b", "a/b/c", "d"])
        {
            await client.PublishAsync(Topic(name), name, retain: true);
        }

        await client.SubscribeAsync(Topic("a/#"), 1);
        Assert.Equal(
            ["a", "a/b", "a/b/c"],
            (await HeardAsync(client, client)).Where(it => it.Retain).Select(it => it.Payload).Order());
        await client.SubscribeAsync(Topic("+/b"), 1);
        Assert.Equal(["a/b"], (await HeardAsync(client, client)).Where(it => it.Retain).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_4_4_Subscribing_again_brings_what_is_retained_again(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        for (int i = 0; i < 2; i++)
        {
            await client.SubscribeAsync(Topic("a"), 1);
            Publish heard = Assert.Single(await HeardAsync(client, client));
            Assert.Equal(("one", true), (heard.Payload, heard.Retain));
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_1_10_What_is_retained_can_come_with_new_subscriptions_alone(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.SubscribeAsync(Topic("a"), IfNew);
        Assert.Single(await HeardAsync(client, client));
        await client.SubscribeAsync(Topic("a"), IfNew);
        Assert.Empty(await HeardAsync(client, client));
        await client.UnsubscribeAsync(Topic("a"));
        await client.SubscribeAsync(Topic("a"), IfNew);
        Assert.Single(await HeardAsync(client, client));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_1_11_What_is_retained_can_be_declined(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.SubscribeAsync(Topic("a"), Never);
        await client.PublishAsync(Topic("a"), "two");
        Assert.Equal(["two"], (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_3_1_12_What_comes_by_a_subscription_that_stands_is_not_marked_retained(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        await client.PublishAsync(Topic("a"), "one", retain: true);
        Assert.False((await client.HearAsync()).Retain);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_1_13_The_mark_can_stay_as_it_was_published(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), RetainAsPublished);
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.PublishAsync(Topic("a"), "two", retain: false);
        Assert.Equal([true, false], (await HeardAsync(client, client)).Select(it => it.Retain));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_1_9_What_is_retained_bears_the_identifier_of_the_subscription(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.PublishAsync(Topic("a"), "one", retain: true);
        await client.SubscribeAsync(Topic("a"), 1, identifier: 9);
        Assert.Equal([9L], (await client.HearAsync()).Properties.Numbers(Property.SubscriptionIdentifier));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_8_4_8_What_is_retained_comes_with_the_lower_QoS(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        for (int published = 0; published <= 2; published++)
        {
            await client.PublishAsync(Topic("a"), "one", published, retain: true);
            for (int granted = 0; granted <= 2; granted++)
            {
                await client.SubscribeAsync(Topic("a"), granted);
                Assert.Equal(Math.Min(granted, published), (await client.HearAsync()).Qos);
                await client.UnsubscribeAsync(Topic("a"));
            }
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_5_A_retained_message_expires(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList second = new() { { Property.MessageExpiry, 1 } };
        await client.PublishAsync(Topic("a"), "one", retain: true, properties: second);
        await client.PublishAsync(Topic("b"), "two", retain: true);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        await client.SubscribeAsync(Topic("#"), 1);
        Assert.Equal(["two"], (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_1_5_A_retained_message_keeps_its_properties(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList said = new() { { Property.ContentType, "text/plain" }, { Property.UserProperty, "a", "1" } };
        await client.PublishAsync(Topic("a"), "one", retain: true, properties: said);
        await client.SubscribeAsync(Topic("a"), 1);
        PropertyList heard = (await client.HearAsync()).Properties;
        Assert.Equal("text/plain", heard.Text(Property.ContentType));
        Assert.Equal([("a", "1")], heard.Users);
    }
}
