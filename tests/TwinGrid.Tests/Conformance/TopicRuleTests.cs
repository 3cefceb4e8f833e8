namespace TwinGrid.Tests.Conformance;

/// <summary>Section 4.7 (topic names and topic filters).</summary>
public sealed class TopicRuleTests(Brokers brokers) : ConformanceTest(brokers)
{
    // The examples of section 4.7.1 and more, each below a level of its test.
    private static readonly (string Filter, string[] Matches, string[] Others)[] Examples =
    [
        ("sport/tennis/player1/#",
            ["sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"],
            ["sport/tennis/player10", "sport/tennis"]),
        ("sport/#", ["sport", "sport/", "sport/a", "sport/a/b"], ["sports", "sportsman/a"]),
        ("sport/tennis/+",
            ["sport/tennis/player1", "sport/tennis/"],
            ["sport/tennis", "sport/tennis/player1/ranking"]),
        ("sport/+", ["sport/", "sport/a"], ["sport", "sport/a/b"]),
        ("+/tennis/#", ["sport/tennis", "/tennis", "a/tennis/b/c"], ["tennis", "sport/a/tennis"]),
        ("+/+", ["a/b", "/", "/finance", "a/"], ["a", "a/b/c"]),
        ("/+", ["/finance", "/"], ["finance", "a/finance", "//a"]),
        ("+", ["a", "finance"], ["a/b", "/finance"]),
        ("sport/+/player1", ["sport/tennis/player1", "sport//player1"], ["sport/player1", "sport/a/b/player1"]),
        ("+/a/+/b/#", ["x/a/y/b", "x/a/y/b/c"], ["x/a/b", "//a"]),
        ("//#", ["/", "//", "//a"], ["a", "/a"]),
        ("A", ["A"], ["a"]), // case counts
        ("a b", ["a b"], ["a", "ab"]), // spaces do
        ("/a", ["/a"], ["a"]), // a leading separator makes a topic of its own
    ];

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_1_Filters_match_what_the_standard_says(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        foreach ((string filter, string[] matches, string[] others) in Examples)
        {
            await client.SubscribeAsync(Topic(filter), 1);
            foreach (string topic in (string[])[.. others, .. matches])
            {
                await client.PublishAsync(Topic(topic), "x");
            }

            await client.UnsubscribeAsync(Topic(filter));
            IReadOnlyList<Publish> heard = await HeardAsync(client, client);
            Assert.Equal(
                $"{filter}: {string.Join(", ", matches.Select(Topic))}",
                $"{filter}: {string.Join(", ", heard.Select(it => it.Topic))}");
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_1_A_filter_may_begin_with_a_wildcard_and_be_one(string on)
    {
        foreach (string filter in (string[])["#", "+/a/#", "+/+/b"])
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SubscribeAsync(filter, 1);
            await client.PublishAsync(Topic("a/b"), "x");

            // Other tests publish meanwhile; theirs are heard too.
            Publish heard;
            do
            {
                heard = await client.HearAsync();
            }
            while (heard.Topic != Topic("a/b"));
            await client.LeaveAsync();
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_1_1_and_2_Wildcards_stand_where_they_may_or_are_refused(string on)
    {
        string[] wrong = ["sport/tennis#", "sport/tennis/#/ranking", "#/a", "sport+", "+a/b", "a/#b"];
        foreach (string filter in wrong)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(PacketBytes.Subscribe(client.Level, 1, [(Topic(filter), 0)]));
            await AssertNoSubscriptionAsync(client);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_2_1_A_wildcard_in_front_does_not_match_a_topic_that_begins_with_a_dollar(string on)
    {
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync([("#", 0), ("+/+/dollar", 0)]);
        RawClient client = await ConnectAsync(on, "a");

        // Whether it is taken is the server's own business; that it is not passed on is not.
        await client.PublishAsync($"${Topic("dollar")}", "x");
        Assert.DoesNotContain(await HeardAsync(watcher, watcher), it => it.Topic.StartsWith('$'));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_3_1_A_filter_is_not_empty(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Subscribe(client.Level, 1, [("", 0)]));
        await AssertNoSubscriptionAsync(client);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_3_2_A_filter_has_no_U_0000(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Subscribe(client.Level, 1, [(Topic("a\0"), 0)]));
        await AssertNoSubscriptionAsync(client);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_3_4_Topics_are_compared_as_they_are_without_normalization(string on)
    {
        // U+00E9, and e with the combining U+0301: one letter to readers, two topics to MQTT.
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("\u00E9"), 1);
        await client.PublishAsync(Topic("e\u0301"), "x");
        await client.PublishAsync(Topic("\u00E9"), "x");
        Assert.Equal([Topic("\u00E9")], (await HeardAsync(client, client)).Select(it => it.Topic));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_7_3_Topics_of_many_levels_are_taken(string on)
    {
        // mosquitto allows 200 levels, TwinGrid's own topics are shorter.
        RawClient client = await ConnectAsync(on, "a");
        string topic = Topic(string.Join('/', Enumerable.Repeat("a", 100)));
        await client.SubscribeAsync(topic);
        await client.PublishAsync(topic, "x");
        Assert.Equal(topic, (await client.HearAsync()).Topic);
    }

    // Section 4.13: a filter that no filter can be ends the connection or fails alone, 0x8F (MQTT 3.1.1: 0x80).
    private static async Task AssertNoSubscriptionAsync(RawClient client)
    {
        RawPacket? last = await client.ReadAsync();
        if (last is SubAck answer)
        {
            Assert.Equal(client.Level == 5 ? 0x8F : 0x80, Assert.Single(answer.Codes));
            await client.AssertQuietAsync();
            return;
        }

        if (last is Disconnect said)
        {
            Assert.Contains(said.Reason, (byte[])[0x81, 0x82, 0x8F]);
            last = await client.ReadAsync();
        }

        Assert.Null(last);
    }
}
