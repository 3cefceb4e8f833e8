using System.Diagnostics;

namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.1.2.10 (keep-alive), 3.12 (PINGREQ), 3.14 (DISCONNECT) and 3.15 (AUTH).</summary>
public sealed class ConnectionTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_22_A_client_silent_for_one_and_a_half_keep_alives_is_disconnected(string on)
    {
        (RawClient client, _) = await ConnectAsync(on, new Connect { ClientId = Id("a"), KeepAlive = 1 });
        long start = Stopwatch.GetTimestamp();
        await client.AssertRefusedAsync(0x8D);

        // mosquitto looks every five seconds.
        double most = on.StartsWith(Brokers.TwinGrid, StringComparison.Ordinal) ? 3 : 9;
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.95, most);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 just closes")]
    public async Task MQTT_3_1_2_22_A_client_of_MQTT_5_is_told_that_its_keep_alive_is_over(string on)
    {
        (RawClient client, _) = await ConnectAsync(on, new Connect { ClientId = Id("a"), KeepAlive = 1 });
        Assert.Equal(0x8D, (await client.ExpectAsync<Disconnect>()).Reason);
        await client.AssertClosedAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_20_Any_packet_keeps_a_client_alive(string on)
    {
        (RawClient client, _) = await ConnectAsync(on, new Connect { ClientId = Id("a"), KeepAlive = 1 });
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            await (i % 2 == 0 ? client.PingAsync() : client.PublishAsync(Topic("a"), "x", qos: 0));
        }

        await client.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_12_4_1_A_PINGREQ_is_answered(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.PingReq, PacketBytes.PingReq, PacketBytes.PingReq);
        for (int i = 0; i < 3; i++)
        {
            await client.ExpectAsync<PingResp>();
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_14_4_The_server_closes_after_a_DISCONNECT(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(PacketBytes.Disconnect(client.Level));
        await client.AssertClosedAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_14_4_1_What_comes_behind_a_DISCONNECT_is_not_served(string on)
    {
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync(Topic("a"));
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(
            PacketBytes.Disconnect(client.Level), PacketBytes.Publish(client.Level, Topic("a"), "x"));
        await client.AssertClosedAsync();
        Assert.Empty(await HeardAsync(watcher, watcher));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_14_2_A_DISCONNECT_may_carry_a_reason_and_properties(string on)
    {
        // None; success; with empty properties; with the will; with session expiry 0; with a reason string.
        string[] packets = ["E000", "E00100", "E0020000", "E0020400", "E00704051100000000", "E00682041F00016F"];
        foreach (string hex in packets)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(Convert.FromHexString(hex));
            await client.AssertClosedAsync();
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_14_2_A_session_without_expiry_cannot_be_given_one_at_its_end(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        PropertyList kept = new() { { Property.SessionExpiry, 60 } };
        await client.SendAsync(PacketBytes.Disconnect(5, 0, kept));
        await client.AssertRefusedAsync(0x82);
        (_, ConnAck answer) = await ResumeAsync(on, "a");
        Assert.False(answer.SessionPresent);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_12_0_7_AUTH_without_a_method_at_CONNECT_is_an_error(string on)
    {
        foreach (string hex in (string[])["F000", "F0021800", "F0021900", "F10118"])
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(Convert.FromHexString(hex));
            await client.AssertRefusedAsync(0x81, 0x82);
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_12_0_6_Without_a_method_CONNACK_names_none(string on)
    {
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.False(answer.Properties.Has(Property.AuthenticationMethod));
        Assert.False(answer.Properties.Has(Property.AuthenticationData));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_13_1_1_Each_error_closes_its_own_connection_only(string on)
    {
        RawClient other = await ConnectAsync(on, "other");
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync([0x36, 0x03, 0x00, 0x01, 0x61]); // PUBLISH with QoS 3
        await client.AssertRefusedAsync(0x81, 0x82);
        await other.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_4_13_2_1_A_connection_is_closed_though_its_client_does_not_close_it(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        client.StaysWhenToldToGo = true;
        await client.SendAsync([0x36, 0x03, 0x00, 0x01, 0x61]); // PUBLISH with QoS 3
        await client.AssertRefusedAsync(0x81, 0x82);
        RawClient second = await OpenAsync(on);
        second.StaysWhenToldToGo = true;
        await second.SendAsync(new Connect { ClientId = Id("b"), MoreFlags = 1 }.ToBytes(second.Level));
        await ConnectTests.AssertNoConnectionAsync(second, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 does not look at the reason codes of clients")]
    public async Task MQTT_3_14_2_1_and_3_4_2_1_A_reason_code_is_one_of_its_packet(string on)
    {
        // PUBACK 0x42, PUBREC 0x92, PUBREL 0x80, PUBCOMP 0x97, DISCONNECT 0x8E (servers only), DISCONNECT 0x42.
        string[] packets = ["4003000142", "5003000192", "6203000180", "7003000197", "E0018E", "E00142"];
        foreach (string hex in packets)
        {
            RawClient client = await ConnectAsync(on, "a");
            await client.SendAsync(Convert.FromHexString(hex));
            await client.AssertRefusedAsync(0x81, 0x82);
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_13_1_A_packet_above_the_servers_maximum_ends_the_connection(string on)
    {
        RawClient client = await OpenAsync(on);
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = Id("a") });
        if (answer.Properties.Number(Property.MaximumPacketSize) is { } most)
        {
            await client.SendAsync([0x30, .. PacketBytes.Length((int)most)]);
            await client.AssertRefusedAsync(0x95);
        }
    }
}
