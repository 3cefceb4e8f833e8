namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.1.2 (clean start, expiry), 4.1 (session state) and 4.4 (redelivery).</summary>
public sealed class SessionTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_4_A_clean_start_discards_the_session(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        RawClient clean = await ConnectAsync(on, "a");
        await clean.LeaveAsync();
        (RawClient third, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.False(answer.SessionPresent);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        Assert.Empty(await HeardAsync(third, publisher));
        await third.LeaveAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_5_A_session_goes_on_with_its_subscriptions(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        (RawClient second, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.True(answer.SessionPresent);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        Assert.Equal("x", (await second.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_5_Messages_wait_for_a_session_in_their_order(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("#"), 2);
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "b");
        for (int i = 0; i < 10; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}", qos: 1);
        }

        (RawClient second, _) = await ResumeAsync(on, "a");
        for (int i = 0; i < 10; i++)
        {
            Publish heard = await second.HearAsync();
            Assert.Equal((1, $"{i}", false), (heard.Qos, heard.Payload, heard.Dup));
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_5_A_message_of_QoS_2_waits_for_its_session(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 2);
        first.Reset();
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x", qos: 2);
        (RawClient second, _) = await ResumeAsync(on, "a");
        Assert.Equal((2, "x"), await Heard(second));

        static async Task<(int, string)> Heard(RawClient client)
        {
            Publish heard = await client.HearAsync();
            return (heard.Qos, heard.Payload);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_6_A_session_that_is_not_kept_ends_with_its_connection(string on)
    {
        (RawClient first, _) = await ConnectAsync(on, new Connect { ClientId = Id("a"), CleanStart = true });
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        (RawClient second, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.False(answer.SessionPresent);
        Assert.Empty(await HeardAsync(second, publisher));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_23_A_session_is_kept_as_long_as_its_expiry_and_no_longer(string on)
    {
        PropertyList second = new() { { Property.SessionExpiry, 1 } };
        Connect connect = new() { ClientId = Id("a"), CleanStart = false, Properties = second };
        (RawClient first, _) = await ConnectAsync(on, connect);
        await first.LeaveAsync();
        (RawClient again, ConnAck soon) = await ConnectAsync(on, connect);
        Assert.True(soon.SessionPresent);
        await again.LeaveAsync();
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        (_, ConnAck late) = await ConnectAsync(on, connect);
        Assert.False(late.SessionPresent);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_23_Without_an_expiry_a_session_ends_with_its_connection(string on)
    {
        (RawClient first, _) = await ConnectAsync(on, new Connect { ClientId = Id("a"), CleanStart = false });
        await first.LeaveAsync();
        (_, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.False(answer.SessionPresent);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_14_2_A_DISCONNECT_changes_the_expiry(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.LeaveAsync(properties: new() { { Property.SessionExpiry, 0 } });
        (RawClient second, ConnAck gone) = await ResumeAsync(on, "a");
        Assert.False(gone.SessionPresent);
        await second.LeaveAsync(properties: new() { { Property.SessionExpiry, 300 } });
        (_, ConnAck kept) = await ResumeAsync(on, "a");
        Assert.True(kept.SessionPresent);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_3_A_session_that_is_taken_over_goes_on(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        (RawClient second, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.True(answer.SessionPresent);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        Assert.Equal("x", (await second.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_10_4_2_What_was_unsubscribed_stays_so_in_the_session(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync([(Topic("a"), 1), (Topic("b"), 1)]);
        await first.UnsubscribeAsync(Topic("a"));
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "no");
        await publisher.PublishAsync(Topic("b"), "yes");
        (RawClient second, _) = await ResumeAsync(on, "a");
        Assert.Equal(["yes"], (await HeardAsync(second, publisher)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_1_0_1_A_session_is_kept_while_its_connection_is_open(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "b");
        for (int i = 0; i < 3; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}");
            await client.PingAsync();
            Assert.Equal($"{i}", (await client.HearAsync()).Payload);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_4_0_1_What_was_not_acknowledged_comes_again_with_DUP_and_its_identifier(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "one", qos: 1);
        await publisher.PublishAsync(Topic("a"), "two", qos: 2);
        Publish[] before = [await first.TakeAsync<Publish>(), await first.TakeAsync<Publish>()];
        first.Reset();
        (RawClient second, _) = await ResumeAsync(on, "a");
        Publish[] after = [await second.HearAsync(), await second.HearAsync()];
        Assert.Equal(
            before.Select(it => (it.Payload, it.Qos, it.Id, Dup: true)),
            after.Select(it => (it.Payload, it.Qos, it.Id, it.Dup)));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_4_0_1_A_PUBREL_that_was_not_answered_comes_again(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x", qos: 2);
        Publish publish = await first.TakeAsync<Publish>();
        await first.SendAsync(PacketBytes.Answer(PacketKind.PubRec, publish.Id));
        await first.TakeAsync(PacketKind.PubRel, publish.Id);
        first.Reset();
        (RawClient second, _) = await ResumeAsync(on, "a");
        Answer again = await second.ExpectAsync<Answer>();
        Assert.Equal((PacketKind.PubRel, publish.Id), (again.Kind, again.Id));
        await second.SendAsync(PacketBytes.Answer(PacketKind.PubComp, publish.Id));
        Assert.Empty(await HeardAsync(second, publisher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_4_0_1_What_was_not_acknowledged_comes_again_after_a_takeover_too(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        ushort id = (await first.TakeAsync<Publish>()).Id;
        (RawClient second, _) = await ResumeAsync(on, "a");
        Publish again = await second.HearAsync();
        Assert.Equal(("x", id, true), (again.Payload, again.Id, again.Dup));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_6_0_1_What_comes_again_keeps_its_order_and_comes_before_what_is_new(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        RawClient publisher = await ConnectAsync(on, "b");
        List<Publish> before = [];
        for (int i = 0; i < 6; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}");
            before.Add(await first.TakeAsync<Publish>());
        }

        await first.AcknowledgeAsync(before[0]);
        await first.AcknowledgeAsync(before[3]);
        await first.LeaveAsync(); // not a reset: what goes to a connection that is dead unnoticed would come again too
        await publisher.PublishAsync(Topic("a"), "6");
        await publisher.PublishAsync(Topic("a"), "7");
        (RawClient second, _) = await ResumeAsync(on, "a");
        IReadOnlyList<Publish> after = await HeardAsync(second, publisher);
        Assert.Equal(["1", "2", "4", "5", "6", "7"], after.Select(it => it.Payload));
        Assert.Equal([true, true, true, true, false, false], after.Select(it => it.Dup));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_5_0_1_More_messages_wait_for_a_session_than_may_be_under_way(string on)
    {
        // mosquitto has twenty under way at most, a client of MQTT 5 here two.
        PropertyList two = new() { { Property.SessionExpiry, 600 }, { Property.ReceiveMaximum, 2 } };
        Connect connect = new() { ClientId = Id("a"), CleanStart = false, Properties = two };
        (RawClient first, _) = await ConnectAsync(on, connect);
        await first.SubscribeAsync(Topic("a"), 2);
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "b");
        for (int i = 0; i < 50; i++)
        {
            await publisher.PublishAsync(Topic("a"), $"{i}", qos: 1 + (i % 2));
        }

        (RawClient second, _) = await ConnectAsync(on, connect);
        List<string> heard = [];
        for (int i = 0; i < 50; i++)
        {
            heard.Add((await second.HearAsync()).Payload);
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), heard);
        await second.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 deletes what expires though it was sent")]
    public async Task MQTT_4_3_3_7_A_message_that_was_sent_does_not_expire_any_more(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "b");
        PropertyList second = new() { { Property.MessageExpiry, 1 } };
        await publisher.PublishAsync(Topic("a"), "x", qos: 2, properties: second);
        ushort id = (await first.TakeAsync<Publish>()).Id;
        first.Reset();
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        (RawClient again, _) = await ResumeAsync(on, "a");
        Publish heard = await again.HearAsync();
        Assert.Equal(("x", id, true), (heard.Payload, heard.Id, heard.Dup));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_4_A_clean_start_ends_the_connection_and_the_session_that_there_were(string on)
    {
        (RawClient old, _) = await ResumeAsync(on, "a");
        await old.SubscribeAsync(Topic("a"), 1);
        (RawClient clean, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.False(answer.SessionPresent);
        await old.AssertRefusedAsync(0x8E);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        Assert.Empty(await HeardAsync(clean, publisher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task A_session_is_the_same_in_both_versions(string on)
    {
        string other = on.EndsWith(Mqtt5, StringComparison.Ordinal)
            ? on[..^Mqtt5.Length] + Mqtt311
            : on[..^Mqtt311.Length] + Mqtt5;
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "x");
        (RawClient second, ConnAck answer) = await ResumeAsync(other, "a");
        Assert.True(answer.SessionPresent);
        Assert.Equal("x", (await second.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it keeps sessions for ever unless told otherwise")]
    public async Task MQTT_3_2_2_3_2_A_session_that_is_kept_for_less_than_asked_is_told_so(string on)
    {
        // Limits:SessionKeep, 7 days.
        PropertyList forever = new() { { Property.SessionExpiry, 0xFFFFFFFFL } };
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a"), Properties = forever });
        Assert.Equal(7 * 24 * 3600, answer.Properties.Number(Property.SessionExpiry));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_4_0_1_Nothing_comes_again_while_the_connection_lasts(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        await client.PublishAsync(Topic("a"), "x");
        await client.TakeAsync<Publish>();
        await Task.Delay(TimeSpan.FromMilliseconds(1500));
        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_4_0_2_A_message_that_was_refused_does_not_come_again(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "b");
        await publisher.PublishAsync(Topic("a"), "one", qos: 1);
        await first.SendAsync(PacketBytes.Answer(PacketKind.PubAck, (await first.TakeAsync<Publish>()).Id, 0x83));
        await publisher.PublishAsync(Topic("a"), "two", qos: 2);
        await first.SendAsync(PacketBytes.Answer(PacketKind.PubRec, (await first.TakeAsync<Publish>()).Id, 0x83));
        await first.AssertQuietAsync();
        await first.LeaveAsync();
        (RawClient second, _) = await ResumeAsync(on, "a");
        Assert.Empty(await HeardAsync(second, publisher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_10_A_message_of_QoS_2_that_comes_again_after_a_break_is_not_passed_on_twice(string on)
    {
        RawClient watcher = await ConnectAsync(on, "b");
        await watcher.SubscribeAsync(Topic("a"));
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SendAsync(PacketBytes.Publish(first.Level, Topic("a"), "x", qos: 2, id: 7));
        await first.TakeAsync(PacketKind.PubRec, 7);
        first.Reset();
        (RawClient second, _) = await ResumeAsync(on, "a");
        await second.SendAsync(PacketBytes.Publish(second.Level, Topic("a"), "x", qos: 2, id: 7, dup: true));
        await second.TakeAsync(PacketKind.PubRec, 7);
        await second.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 7));
        await second.TakeAsync(PacketKind.PubComp, 7);
        Assert.Equal(["x"], (await HeardAsync(watcher, second)).Select(it => it.Payload));
    }
}
