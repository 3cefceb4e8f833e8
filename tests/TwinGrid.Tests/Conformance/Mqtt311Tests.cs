namespace TwinGrid.Tests.Conformance;

/// <summary>Where MQTT 3.1.1 has rules of its own; the statements are those of MQTT 3.1.1.</summary>
public sealed class Mqtt311Tests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_2_2_A_level_that_is_not_spoken_gets_return_code_1(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), Level = 2 }.ToBytes(4));
        await client.AssertNotAcceptedAsync(0x01);
    }

    [Theory]
    [On(Mqtt311, NotMosquitto = "it serves MQTT 3.1 too")]
    public async Task MQTT_3_1_2_2_MQTT_3_1_gets_return_code_1(string on)
    {
        RawClient client = await OpenAsync(on);
        Connect connect = new() { ClientId = Id("a"), ProtocolName = "MQIsdp", Level = 3 };
        await client.SendAsync(connect.ToBytes(4));
        await client.AssertNotAcceptedAsync(0x01);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_2_22_There_is_no_password_without_a_user_name(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), Password = "secret" }.ToBytes(4));
        await client.AssertClosedAsync();
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_3_7_A_client_without_an_identifier_wants_a_clean_session(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { CleanStart = false }.ToBytes(4));
        await client.AssertNotAcceptedAsync(0x02);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_3_6_Clients_without_an_identifier_are_different_clients(string on)
    {
        (RawClient one, _) = await ConnectAsync(on, new Connect());
        (RawClient two, _) = await ConnectAsync(on, new Connect());
        await one.AssertQuietAsync();
        await two.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_4_2_A_connection_without_user_name_and_password_is_accepted(string on)
    {
        await ConnectAsync(on, new Connect { ClientId = Id("a"), UserName = "u", Password = "p" });
        await ConnectAsync(on, new Connect { ClientId = Id("b"), UserName = "u" });
        await ConnectAsync(on, new Connect { ClientId = Id("c") });
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_2_2_6_A_CONNACK_is_four_bytes(string on)
    {
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.Equal(4, answer.Size);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_2_6_A_clean_session_forgets_the_one_before(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        first.Reset();
        RawClient clean = await ConnectAsync(on, "a");
        await clean.LeaveAsync();
        (_, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.False(answer.SessionPresent);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_1_2_5_A_session_of_3_1_1_goes_on_over_many_connections(string on)
    {
        RawClient publisher = await ConnectAsync(on, "p");
        for (int i = 0; i < 3; i++)
        {
            (RawClient client, ConnAck answer) = await ResumeAsync(on, "a");
            Assert.Equal(i > 0, answer.SessionPresent);
            if (i == 0)
            {
                await client.SubscribeAsync(Topic("a"), 1);
            }
            else
            {
                Assert.Equal($"{i - 1}", (await client.HearAsync()).Payload);
            }

            await client.LeaveAsync();
            await publisher.PublishAsync(Topic("a"), $"{i}");
        }
    }

    [Theory]
    [On(Mqtt311, NotMosquitto = "2.0.11 delivers by the first subscription that it finds")]
    public async Task MQTT_3_3_5_1_Where_subscriptions_overlap_the_highest_QoS_counts(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SubscribeAsync([(Topic("#"), 2), (Topic("a"), 1), (Topic("+"), 0)]);
        await client.PublishAsync(Topic("a"), "x", qos: 2);
        Publish[] copies = [.. (await HeardAsync(client, client)).Where(it => it.Topic == Topic("a"))];
        Assert.InRange(copies.Length, 1, 3);
        Assert.Equal(2, copies.Max(it => it.Qos));
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_8_4_An_UNSUBACK_of_3_1_1_is_four_bytes(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        Assert.Equal(4, (await client.UnsubscribeAsync(Topic("a"), Topic("b"))).Size);
    }

    [Theory]
    [On(Mqtt311)]
    public async Task MQTT_3_4_Answers_of_3_1_1_are_four_bytes(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Publish(4, Topic("a"), "x", qos: 1, id: 1));
        Assert.Equal(4, (await client.TakeAsync(PacketKind.PubAck, 1)).Size);
        await client.SendAsync(PacketBytes.Publish(4, Topic("a"), "x", qos: 2, id: 1));
        Assert.Equal(4, (await client.TakeAsync(PacketKind.PubRec, 1)).Size);
        await client.SendAsync(PacketBytes.Answer(PacketKind.PubRel, 1));
        Assert.Equal(4, (await client.TakeAsync(PacketKind.PubComp, 1)).Size);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task Clients_of_both_versions_hear_each_other(string on)
    {
        string other = on.EndsWith(Mqtt5, StringComparison.Ordinal)
            ? on[..^1] + Mqtt311
            : on[..^Mqtt311.Length] + Mqtt5;
        RawClient publisher = await ConnectAsync(on, "a");
        RawClient watcher = await ConnectAsync(other, "b");
        await watcher.SubscribeAsync(Topic("a"), 2);
        for (int qos = 0; qos <= 2; qos++)
        {
            PropertyList said = new() { { Property.UserProperty, "a", "b" }, { Property.MessageExpiry, 60 } };
            await publisher.PublishAsync(Topic("a"), $"{qos}", qos, properties: said);
            Publish heard = await watcher.HearAsync();
            Assert.Equal(($"{qos}", qos), (heard.Payload, heard.Qos));
        }
    }
}
