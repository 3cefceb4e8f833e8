namespace TwinGrid.Tests.Conformance;

/// <summary>Section 3.1.2.11 (CONNECT properties): what is not allowed, each with a connection of its own.</summary>
public sealed class ConnectPropertyTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_11_A_property_that_may_stand_once_does_not_stand_twice(string on)
    {
        Property[] once =
        [
            Property.SessionExpiry, Property.ReceiveMaximum, Property.MaximumPacketSize, Property.TopicAliasMaximum,
            Property.RequestResponseInformation, Property.RequestProblemInformation,
        ];
        foreach (Property property in once)
        {
            await AssertRefusedAsync(on, new PropertyList { { property, 1 }, { property, 1 } }.ToBytes());
        }
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_11_Maxima_are_not_0(string on)
    {
        await AssertRefusedAsync(on, new PropertyList { { Property.ReceiveMaximum, 0 } }.ToBytes());
        await AssertRefusedAsync(on, new PropertyList { { Property.MaximumPacketSize, 0 } }.ToBytes());
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_11_Requests_are_0_or_1(string on)
    {
        await AssertRefusedAsync(on, new PropertyList { { Property.RequestProblemInformation, 2 } }.ToBytes());
        await AssertRefusedAsync(on, new PropertyList { { Property.RequestResponseInformation, 2 } }.ToBytes());
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 does not look at it")]
    public async Task MQTT_3_1_2_11_Authentication_data_needs_a_method(string on) =>
        await AssertRefusedAsync(on, new PropertyList { { Property.AuthenticationData, [1] } }.ToBytes());

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_2_2_2_2_A_property_of_other_packets_is_refused(string on)
    {
        await AssertRefusedAsync(on, new PropertyList { { Property.TopicAlias, 1 } }.ToBytes());
        await AssertRefusedAsync(on, new PropertyList { { Property.WillDelay, 1 } }.ToBytes());
        await AssertRefusedAsync(on, new PropertyList { { Property.AssignedClientId, "a" } }.ToBytes());
        await AssertRefusedAsync(on, [2, 0x7F, 0]);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_2_2_2_1_Properties_end_where_their_length_says(string on)
    {
        await AssertRefusedAsync(on, [0x7F]); // past the packet's end
        await AssertRefusedAsync(on, [3, 0x11, 0, 0]); // within a property
        await AssertRefusedAsync(on, [0xFF, 0xFF, 0xFF, 0xFF, 0x01]); // no length at all
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_11_All_properties_at_once_are_taken(string on)
    {
        await ConnectAsync(on, "a", new()
        {
            { Property.UserProperty, "a", "b" },
            { Property.SessionExpiry, 0xFFFFFFFFL },
            { Property.ReceiveMaximum, 65_535 },
            { Property.MaximumPacketSize, 0xFFFFFFFFL },
            { Property.TopicAliasMaximum, 65_535 },
            { Property.RequestResponseInformation, 1 },
            { Property.RequestProblemInformation, 1 },
            { Property.UserProperty, "a", "b" },
        });
    }

    private async Task AssertRefusedAsync(string on, byte[] properties)
    {
        RawClient client = await OpenAsync(on);
        await client.SendAsync(PacketBytes.Packet(
            0x10, PacketBytes.Text("MQTT"), [5, 2, 0, 60], properties, PacketBytes.Text(Id("a"))));
        await ConnectTests.AssertNoConnectionAsync(client, 0x80, 0x81, 0x82);
    }
}
