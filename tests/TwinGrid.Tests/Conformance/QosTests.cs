using System.Globalization;

namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.4 to 3.7 (PUBACK to PUBCOMP), 4.3 (QoS) and 4.6 (order).</summary>
public sealed class QosTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_2_4_A_message_of_QoS_1_is_acknowledged(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 1, id: 77));
        Answer answer = await client.ExpectAsync<Answer>();
        Assert.Equal((PacketKind.PubAck, (ushort)77), (answer.Kind, answer.Id));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_2_5_After_a_PUBACK_the_identifier_names_a_new_message(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 1);
        foreach (bool dup in (bool[])[false, true])
        {
            await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), $"{dup}", qos: 1, id: 5, dup: dup));
            await client.TakeAsync(PacketKind.PubAck, 5);
        }

        Assert.Equal(["False", "True"], (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_8_A_message_of_QoS_2_takes_PUBREC_PUBREL_and_PUBCOMP(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 2, id: 77));
        Answer received = await client.ExpectAsync<Answer>();
        Assert.Equal((PacketKind.PubRec, (ushort)77), (received.Kind, received.Id));
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 77));
        Answer complete = await client.ExpectAsync<Answer>();
        Assert.Equal((PacketKind.PubComp, (ushort)77, (byte)0), (complete.Kind, complete.Id, complete.Reason));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_10_Before_its_PUBREL_a_message_that_comes_again_is_the_same(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync(Topic("a"), 1);
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 2, id: 5, dup: i > 0));
            await client.TakeAsync(PacketKind.PubRec, 5);
        }

        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
        await client.TakeAsync(PacketKind.PubComp, 5);
        Assert.Single(await HeardAsync(watcher, client));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_11_A_PUBREL_that_comes_again_is_answered_again(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 2, id: 5));
        await client.TakeAsync(PacketKind.PubRec, 5);
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
            await client.TakeAsync(PacketKind.PubComp, 5);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_12_After_a_PUBCOMP_the_identifier_names_a_new_message(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync(Topic("a"), 1);
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(PacketBytes.Publish(client.Level, Topic("a"), $"{i}", qos: 2, id: 5));
            await client.TakeAsync(PacketKind.PubRec, 5);
            await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 5));
            await client.TakeAsync(PacketKind.PubComp, 5);
        }

        Assert.Equal(["0", "1"], (await HeardAsync(watcher, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_7_2_A_PUBREL_of_an_unknown_identifier_is_answered(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 4711));
        Assert.Contains((await client.TakeAsync(PacketKind.PubComp, 4711)).Reason, (byte[])[0x00, 0x92]);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it says success for a PUBREL that it does not know")]
    public async Task MQTT_3_7_2_1_A_PUBREL_of_an_unknown_identifier_is_told_so(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 4711));
        Assert.Equal(0x92, (await client.TakeAsync(PacketKind.PubComp, 4711)).Reason);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_4_A_PUBREC_is_answered_by_a_PUBREL_and_its_repetition_too(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        Publish publish = await client.TakeAsync<Publish>();
        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(PacketBytes.Answer(PacketKind.PubRec, publish.Id));
            await client.TakeAsync(PacketKind.PubRel, publish.Id);
        }

        await client.SendAsync(PacketBytes.Answer(PacketKind.PubComp, publish.Id));
        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_3_3_4_A_PUBREC_that_refuses_ends_the_exchange(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        Publish publish = await client.TakeAsync<Publish>();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRec, publish.Id, 0x97));
        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_4_A_PUBACK_of_an_unknown_identifier_does_no_harm(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubAck, 4711));
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubComp, 4711));
        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_3_3_A_PUBACK_does_not_end_a_message_of_QoS_2(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        Publish publish = await client.TakeAsync<Publish>();
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubAck, publish.Id));
        await client.AssertRefusedAsync(0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_4_2_An_answer_may_carry_a_reason_and_properties(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        PropertyList said = new() { { Property.ReasonString, "ok" }, { Property.UserProperty, "a", "b" } };
        byte[] Long(PacketKind kind, ushort id) => PacketBytes.Packet(
            ((int)kind << 4) | (kind == PacketKind.PubRel ? 2 : 0), PacketBytes.Number(id), [0], said.ToBytes());

        await client.SendAsync(PacketBytes.Publish(5, Topic("a"), "x", qos: 2, id: 1));
        await client.TakeAsync(PacketKind.PubRec, 1);
        await client.SendAsync(Long(PacketKind.PubRel, 1));
        await client.TakeAsync(PacketKind.PubComp, 1);
        Publish two = await client.TakeAsync<Publish>();
        await client.SendAsync(Long(PacketKind.PubRec, two.Id));
        await client.TakeAsync(PacketKind.PubRel, two.Id);
        await client.SendAsync(Long(PacketKind.PubComp, two.Id));
        await client.PublishAsync(Topic("a"), "y");
        await client.SendAsync(Long(PacketKind.PubAck, (await client.TakeAsync<Publish>()).Id));
        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_6_0_5_Messages_of_a_topic_and_QoS_come_in_their_order(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 2);
        RawClient publisher = await ConnectAsync(on, "p");
        for (int qos = 0; qos <= 2; qos++)
        {
            for (int i = 0; i < 50; i++)
            {
                await publisher.PublishAsync(Topic("a"), i.ToString(CultureInfo.InvariantCulture), qos);
            }

            for (int i = 0; i < 50; i++)
            {
                Assert.Equal(i.ToString(CultureInfo.InvariantCulture), (await client.HearAsync()).Payload);
            }
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_6_0_1_Many_messages_under_way_are_all_acknowledged(string on)
    {
        // Ten at once: fewer than any server's receive maximum here.
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync(Topic("a"), 0);
        await client.SendAsync(
            [.. Enumerable.Range(1, 10).Select(
                i => PacketBytes.Publish(client.Level, Topic("a"), $"{i}", qos: 1, id: (ushort)i))]);
        List<int> acknowledged = [];
        for (int i = 0; i < 10; i++)
        {
            acknowledged.Add((await client.TakeAsync<Answer>()).Id);
        }

        Assert.Equal(Enumerable.Range(1, 10), acknowledged.Order());
        Assert.Equal(
            Enumerable.Range(1, 10).Select(i => $"{i}"),
            (await HeardAsync(client, client)).Select(it => it.Payload));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_5_0_1_Every_subscriber_gets_its_copy(string on)
    {
        List<RawClient> watchers = [];
        for (int i = 0; i < 5; i++)
        {
            watchers.Add(await ConnectAsync(on, $"w{i}"));
            await watchers[i].SubscribeAsync(Topic("a"), i % 3);
        }

        RawClient publisher = await ConnectAsync(on, "p");
        await publisher.PublishAsync(Topic("a"), "x", qos: 2);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(i % 3, (await watchers[i].HearAsync()).Qos);
        }
    }
}
