namespace TwinGrid.Tests.Conformance;

/// <summary>Section 3.3.2.3.4 (topic alias).</summary>
public sealed class TopicAliasTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_12_Every_alias_that_was_granted_is_taken(string on)
    {
        (RawClient client, int most) = await OpenAsync(on, "a");
        await client.SubscribeAsync(Topic("#"));
        for (int alias = 1; alias <= most; alias++)
        {
            await client.PublishAsync(Topic($"t{alias}"), "set", 1, properties: Alias(alias));
        }

        for (int alias = most; alias >= 1; alias--)
        {
            await client.PublishAsync("", "used", 1, properties: Alias(alias));
        }

        IReadOnlyList<Publish> heard = await HeardAsync(client, client);
        Assert.Equal(
            Enumerable.Range(1, most).Select(alias => Topic($"t{alias}")),
            heard.Where(it => it.Payload == "set").Select(it => it.Topic));
        Assert.Equal(
            Enumerable.Range(1, most).Select(alias => Topic($"t{alias}")).Reverse(),
            heard.Where(it => it.Payload == "used").Select(it => it.Topic));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_An_alias_can_be_given_to_another_topic(string on)
    {
        (RawClient client, _) = await OpenAsync(on, "a");
        await client.SubscribeAsync(Topic("#"));
        await client.PublishAsync(Topic("one"), "", 0, properties: Alias(1));
        await client.PublishAsync("", "", 0, properties: Alias(1));
        await client.PublishAsync(Topic("two"), "", 0, properties: Alias(1));
        await client.PublishAsync("", "", 0, properties: Alias(1));
        Assert.Equal(
            [Topic("one"), Topic("one"), Topic("two"), Topic("two")],
            (await HeardAsync(client, client)).Select(it => it.Topic));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_7_An_alias_ends_with_its_connection(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.PublishAsync(Topic("one"), "", 1, properties: Alias(1));
        await first.LeaveAsync();
        (RawClient second, _) = await ResumeAsync(on, "a");
        await second.SendAsync(PacketBytes.Publish(5, "", "x", properties: Alias(1)));
        await second.AssertRefusedAsync(0x82, 0x94);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_8_There_is_no_alias_0(string on)
    {
        (RawClient client, _) = await OpenAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: Alias(0)));
        await client.AssertRefusedAsync(0x81, 0x82, 0x94);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_9_An_alias_above_what_was_granted_ends_the_connection(string on)
    {
        (RawClient client, int most) = await OpenAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", properties: Alias(most + 1)));
        await client.AssertRefusedAsync(0x94);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_3_2_An_alias_that_was_never_given_ends_the_connection(string on)
    {
        (RawClient client, int most) = await OpenAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(5, "", "x", properties: Alias(most)));
        await client.AssertRefusedAsync(0x82, 0x94);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_27_A_client_that_grants_no_alias_is_sent_none(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"));
        RawClient publisher = await ConnectAsync(on, "p");
        for (int i = 0; i < 3; i++)
        {
            await publisher.PublishAsync(Topic("a"), "x", 1, properties: Alias(1));
        }

        Assert.All(
            await HeardAsync(client, publisher),
            it => Assert.Equal((Topic("a"), false), (it.Topic, it.Properties.Has(Property.TopicAlias))));
    }

    private static PropertyList Alias(int alias) => new() { { Property.TopicAlias, alias } };

    private async Task<(RawClient Client, int Most)> OpenAsync(string on, string name)
    {
        (RawClient client, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id(name) });
        int most = (int)(answer.Properties.Number(Property.TopicAliasMaximum) ?? 0);
        Assert.True(most > 0, "the server grants aliases");
        return (client, most);
    }
}
