namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.1 (CONNECT) and 3.2 (CONNACK).</summary>
public sealed class ConnectTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_0_1_The_first_packet_is_a_CONNECT(string on)
    {
        int level = on.EndsWith(Mqtt5, StringComparison.Ordinal) ? 5 : 4;
        byte[][] packets =
        [
            PacketBytes.Publish(level, Topic("a"), "x"),
            PacketBytes.Subscribe(level, 1, [(Topic("a"), 0)]),
            PacketBytes.PingReq,
            PacketBytes.Disconnect(level),
        ];
        foreach (byte[] packet in packets)
        {
            RawClient client = await OpenAsync(on);
            await client.SendAsync(packet);
            await client.AssertClosedAsync();
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_0_2_A_second_CONNECT_ends_the_connection(string on)
    {
        RawClient client = await ConnectAsync(on, "a");
        await client.SendAsync(new Connect { ClientId = Id("a") }.ToBytes(client.Level));
        await client.AssertRefusedAsync(0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_1_A_protocol_name_that_is_not_MQTT_is_not_served(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), ProtocolName = "MQTX" }.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x01, 0x84);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it answers a level that it does not know in the form of MQTT 3.1.1, with code 1")]
    public async Task MQTT_3_1_2_2_A_level_that_is_not_spoken_is_not_served(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), Level = 6 }.ToBytes(5));
        await AssertNoConnectionAsync(client, 0x84);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_3_The_reserved_flag_is_0(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), MoreFlags = 1 }.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_11_Without_a_will_its_QoS_is_0(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), MoreFlags = 0x08 }.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_12_A_will_has_no_QoS_3(string on)
    {
        RawClient client = await OpenAsync(on);
        Connect connect = new() { ClientId = Id("a"), Will = new Will(Topic("w"), "gone") { Qos = 3 } };
        await client.SendAsync(connect.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_13_Without_a_will_it_is_not_retained(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), MoreFlags = 0x20 }.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_17_A_user_name_that_the_flags_announce_must_be_there(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(new Connect { ClientId = Id("a"), MoreFlags = 0x80 }.ToBytes(client.Level));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_28_Response_information_comes_only_when_asked_for(string on)
    {
        RawClient client = await OpenAsync(on);
        ConnAck answer = await client.ConnectAsync(new Connect
        {
            ClientId = Id("a"),
            Properties = new() { { Property.RequestResponseInformation, 0 } },
        });
        Assert.False(answer.Properties.Has(Property.ResponseInformation));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_29_Who_wants_no_problem_information_gets_none_with_an_answer(string on)
    {
        RawClient client = await ConnectAsync(on, "a", new() { { Property.RequestProblemInformation, 0 } });
        SubAck subscribed = await client.SubscribeAsync([(Topic("a"), 0), ($"$share/g/{Topic("b")}", 0)]);
        Assert.Empty(subscribed.Properties);
        Assert.Empty((await client.UnsubscribeAsync(Topic("never"))).Properties);
        await client.SendAsync(PacketBytes.Publish(5, "twins/turbine", "x", qos: 1, id: 9));
        Assert.Empty((await client.TakeAsync(PacketKind.PubAck, 9)).Properties);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_4_12_0_1_An_authentication_method_that_is_not_known_is_refused(string on)
    {
        RawClient client = await OpenAsync(on);
        PropertyList method = new() { { Property.AuthenticationMethod, "none-such" } };
        await client.SendAsync(new Connect { ClientId = Id("a"), Properties = method }.ToBytes(5));
        await client.AssertNotAcceptedAsync(0x8C);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_3_5_Client_identifiers_of_letters_and_digits_are_accepted(string on)
    {
        string[] ids = ["0", "Z", "abcdefghijklmnopqrstuvw", "ABCDEFGHIJKLMNOPQRSTUVW", "xyzXYZ0123456789"];
        foreach (string id in ids)
        {
            RawClient client = await OpenAsync(on);
            await client.ConnectAsync(new Connect { ClientId = id });
            await client.LeaveAsync();
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_3_7_A_client_without_an_identifier_is_given_one_of_its_own(string on)
    {
        (_, ConnAck one) = await ConnectAsync(on, new Connect());
        (_, ConnAck two) = await ConnectAsync(on, new Connect { CleanStart = false });
        string?[] ids = [.. ((ConnAck[])[one, two]).Select(it => it.Properties.Text(Property.AssignedClientId))];
        Assert.All(ids, id => Assert.False(string.IsNullOrEmpty(id)));
        Assert.NotEqual(ids[0], ids[1]);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_2_2_16_An_assigned_identifier_can_be_used_again(string on)
    {
        PropertyList kept = new() { { Property.SessionExpiry, 60 } };
        (RawClient client, ConnAck answer) = await ConnectAsync(on, new Connect { Properties = kept });
        string id = answer.Properties.Text(Property.AssignedClientId)!;
        await client.LeaveAsync();
        (RawClient again, ConnAck resumed) =
            await ConnectAsync(on, new Connect { ClientId = id, CleanStart = false });
        Assert.True(resumed.SessionPresent);
        Assert.False(resumed.Properties.Has(Property.AssignedClientId));
        await again.LeaveAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_1_A_CONNECT_that_ends_too_early_or_too_late_is_not_served(string on)
    {
        int level = on.EndsWith(Mqtt5, StringComparison.Ordinal) ? 5 : 4;
        byte[] whole = new Connect { ClientId = Id("a"), Will = new Will("w", "x"), UserName = "u" }.ToBytes(level);
        byte[] body = whole[2..];
        List<RawClient> clients = [];
        for (int length = 0; length < body.Length; length++)
        {
            clients.Add(await OpenAsync(on));
            await clients[length].SendAsync(PacketBytes.Packet(0x10, body[..length]));
        }

        foreach (RawClient client in clients)
        {
            await AssertNoConnectionAsync(client, 0x01, 0x80, 0x81, 0x82, 0x84);
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_1_A_CONNECT_with_bytes_after_its_end_is_not_served(string on)
    {
        RawClient client = await OpenAsync(on);
        byte[] body = new Connect { ClientId = Id("a") }.ToBytes(client.Level)[2..];
        await client.SendAsync(PacketBytes.Packet(0x10, body, [0]));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_3_A_client_with_the_same_identifier_takes_over(string on)
    {
        RawClient old = await ConnectAsync(on, "same");
        RawClient now = await ConnectAsync(on, "same");
        await old.AssertRefusedAsync(0x8E);
        await now.AssertQuietAsync();
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 closes without a DISCONNECT, which the sentence does not say to be a must")]
    public async Task MQTT_3_1_4_3_A_client_whose_session_is_taken_over_is_told(string on)
    {
        RawClient old = await ConnectAsync(on, "same");
        await ConnectAsync(on, "same");
        Assert.Equal(0x8E, (await old.ExpectAsync<Disconnect>()).Reason);
        await old.AssertClosedAsync();
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_5_What_comes_right_behind_a_CONNECT_is_served_after_the_CONNACK(string on)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(
            new Connect { ClientId = Id("a") }.ToBytes(client.Level),
            PacketBytes.Subscribe(client.Level, 1, [(Topic("a"), 1)]),
            PacketBytes.Publish(client.Level, Topic("a"), "x", qos: 0),
            PacketBytes.PingReq);
        await client.ExpectAsync<ConnAck>();
        await client.ExpectAsync<SubAck>();
        await client.TakeAsync<PingResp>();
        Assert.Equal("x", (await client.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_4_6_What_comes_behind_a_refused_CONNECT_is_not_served(string on)
    {
        RawClient watcher = await ConnectAsync(on, "b");
        await watcher.SubscribeAsync(Topic("a"));
        RawClient client = await OpenAsync(on);
        await client.SendAsync(
            new Connect { ClientId = Id("a"), MoreFlags = 1 }.ToBytes(client.Level),
            PacketBytes.Publish(client.Level, Topic("a"), "x"));
        await AssertNoConnectionAsync(client, 0x81, 0x82);
        Assert.Empty(await HeardAsync(watcher, watcher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_2_2_2_A_clean_start_has_no_session_present(string on)
    {
        (RawClient first, _) = await ResumeAsync(on, "a");
        await first.SubscribeAsync(Topic("a"), 1);
        await first.LeaveAsync();
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.False(answer.SessionPresent);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_2_2_3_Session_present_says_whether_there_was_one(string on)
    {
        (RawClient first, ConnAck none) = await ResumeAsync(on, "a");
        Assert.False(none.SessionPresent);
        await first.LeaveAsync();
        (RawClient second, ConnAck present) = await ResumeAsync(on, "a");
        Assert.True(present.SessionPresent);
        await second.LeaveAsync();
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_2_2_5_The_session_expiry_is_granted_or_named(string on)
    {
        RawClient client = await OpenAsync(on);
        PropertyList wanted = new() { { Property.SessionExpiry, 60 } };
        ConnAck answer = await client.ConnectAsync(new Connect { ClientId = Id("a"), Properties = wanted });
        Assert.Contains(answer.Properties.Number(Property.SessionExpiry), (long?[])[null, 60]);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_2_2_9_The_highest_QoS_is_2_or_named_and_receive_maximum_is_not_0(string on)
    {
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a") });
        Assert.Contains(answer.Properties.Number(Property.MaximumQos), (long?[])[null, 0, 1]);
        Assert.NotEqual(0, answer.Properties.Number(Property.ReceiveMaximum));
        Assert.NotEqual(0, answer.Properties.Number(Property.MaximumPacketSize));
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "it does not limit the keep-alive unless told to")]
    public async Task MQTT_3_1_2_21_A_client_without_keep_alive_is_given_one(string on)
    {
        (_, ConnAck answer) = await ConnectAsync(on, new Connect { ClientId = Id("a"), KeepAlive = 0 });
        Assert.InRange(answer.Properties.Number(Property.ServerKeepAlive) ?? 0, 1, 65_535);
    }

    internal static async Task AssertNoConnectionAsync(RawClient client, params byte[] codes)
    {
        // Section 3.1.4: the server may say why in a CONNACK, then it closes; a DISCONNECT is not for it to send here.
        RawPacket? last = await client.ReadAsync();
        if (last is ConnAck said)
        {
            Assert.Contains(said.Code, codes);
            Assert.False(said.SessionPresent, "a refusal says session present 0 [MQTT-3.2.2-6]");
            last = await client.ReadAsync();
        }

        Assert.Null(last);
    }
}
