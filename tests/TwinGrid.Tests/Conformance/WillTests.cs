using System.Diagnostics;

namespace TwinGrid.Tests.Conformance;

/// <summary>Sections 3.1.2.5 (will flag), 3.1.3.2 (will properties) and 3.14.4 (how DISCONNECT ends it).</summary>
public sealed class WillTests(Brokers brokers) : ConformanceTest(brokers)
{
    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_8_A_will_is_published_when_its_connection_breaks(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        client.Reset();
        Publish heard = await watcher.HearAsync();
        Assert.Equal(("gone", 0, false), (heard.Payload, heard.Qos, heard.Retain));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_8_A_will_is_published_when_the_server_ends_a_connection_for_an_error(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        await client.SendAsync([0x36, 0x03, 0x00, 0x01, 0x61]); // PUBLISH with QoS 3
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_2_8_A_will_is_published_when_the_keep_alive_is_over(string on)
    {
        RawClient watcher = await WatchAsync(on);
        await ConnectAsync(
            on, new Connect { ClientId = Id("a"), KeepAlive = 1, Will = new Will(Topic("will"), "gone") });
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 keeps the will to itself when its client identifier is taken over")]
    public async Task MQTT_3_1_2_8_A_will_is_published_when_a_clean_start_ends_its_session(string on)
    {
        RawClient watcher = await WatchAsync(on);
        await ConnectAsync(on, new Will(Topic("will"), "gone"));
        await ConnectAsync(on, "a");
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_10_A_will_is_forgotten_at_a_normal_DISCONNECT(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        await client.LeaveAsync();
        Assert.Empty(await HeardAsync(watcher, watcher));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_14_4_3_A_client_can_leave_with_its_will(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        await client.LeaveAsync(reason: 0x04);
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 forgets the will at every DISCONNECT but 0x04")]
    public async Task MQTT_3_14_4_3_A_client_that_leaves_for_an_error_has_its_will_published(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        await client.LeaveAsync(reason: 0x80);
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_10_A_will_is_published_once(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        client.Reset();
        await watcher.HearAsync();
        RawClient again = await ConnectAsync(on, "a");
        again.Reset();
        Assert.Empty(await HeardAsync(watcher, watcher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_14_A_will_that_is_not_to_be_retained_is_not(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone"));
        client.Reset();
        await watcher.HearAsync();
        RawClient late = await ConnectAsync(on, "late");
        await late.SubscribeAsync(Topic("will"));
        Assert.Empty(await HeardAsync(late, watcher));
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_15_A_will_can_be_retained(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone") { Retain = true });
        client.Reset();
        Assert.False((await watcher.HearAsync()).Retain);
        RawClient late = await ConnectAsync(on, "late");
        await late.SubscribeAsync(Topic("will"));
        Publish heard = await late.HearAsync();
        Assert.Equal(("gone", true), (heard.Payload, heard.Retain));
        await late.PublishAsync(Topic("will"), "", retain: true);
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_2_9_A_will_has_its_QoS(string on)
    {
        RawClient watcher = await WatchAsync(on);
        for (int qos = 0; qos <= 2; qos++)
        {
            RawClient client = await ConnectAsync(on, new Will(Topic("will"), $"{qos}") { Qos = qos });
            client.Reset();
            Publish heard = await watcher.HearAsync();
            Assert.Equal(($"{qos}", qos), (heard.Payload, heard.Qos));
        }
    }

    [Theory]
    [On(Mqtt5, Mqtt311)]
    public async Task MQTT_3_1_3_3_A_will_can_be_empty(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), ""));
        client.Reset();
        Assert.Equal("", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_3_10_A_will_carries_its_properties(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, new Will(Topic("will"), "gone")
        {
            Properties = new()
            {
                { Property.PayloadFormat, 1 },
                { Property.ContentType, "text/plain" },
                { Property.ResponseTopic, "answers" },
                { Property.CorrelationData, [1, 2, 3] },
                { Property.UserProperty, "b", "1" },
                { Property.UserProperty, "a", "2" },
                { Property.UserProperty, "b", "3" },
            },
        });
        client.Reset();
        PropertyList heard = (await watcher.HearAsync()).Properties;
        Assert.Equal(1, heard.Number(Property.PayloadFormat));
        Assert.Equal("text/plain", heard.Text(Property.ContentType));
        Assert.Equal("answers", heard.Text(Property.ResponseTopic));
        Assert.Equal([1, 2, 3], heard.Data(Property.CorrelationData)!);
        Assert.Equal([("b", "1"), ("a", "2"), ("b", "3")], heard.Users);
        Assert.False(heard.Has(Property.WillDelay));
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_3_2_A_will_with_a_delay_waits_for_it(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, Delayed(expiry: 60, delay: 1));
        long start = Stopwatch.GetTimestamp();
        client.Reset();
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);

        // mosquitto counts in whole seconds, so its second can be nearly none.
        double least = on.StartsWith(Brokers.TwinGrid, StringComparison.Ordinal) ? 0.95 : 0;
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, least, 8);
    }

    [Theory]
    [On(Mqtt5)]
    public async Task MQTT_3_1_3_9_A_client_that_comes_back_in_time_has_no_will_published(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, Delayed(expiry: 60, delay: 2));
        client.Reset();
        await ResumeAsync(on, "a");
        await Task.Delay(TimeSpan.FromSeconds(3.5));
        Assert.Empty(await HeardAsync(watcher, watcher));
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 waits for the delay though the session has ended")]
    public async Task MQTT_3_1_3_2_A_session_that_ends_before_the_delay_publishes_its_will(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, Delayed(expiry: 0, delay: 600));
        client.Reset();
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    [Theory]
    [On(Mqtt5, NotMosquitto = "2.0.11 forgets a delayed will when a clean start ends its session")]
    public async Task MQTT_3_1_3_2_A_clean_start_ends_the_session_and_publishes_its_delayed_will(string on)
    {
        RawClient watcher = await WatchAsync(on);
        RawClient client = await ConnectAsync(on, Delayed(expiry: 600, delay: 600));
        client.Reset();
        await ConnectAsync(on, "a");
        Assert.Equal("gone", (await watcher.HearAsync()).Payload);
    }

    private Connect Delayed(int expiry, int delay) => new()
    {
        ClientId = Id("a"),
        Properties = new() { { Property.SessionExpiry, expiry } },
        Will = new Will(Topic("will"), "gone") { Properties = new() { { Property.WillDelay, delay } } },
    };

    private async Task<RawClient> WatchAsync(string on)
    {
        RawClient watcher = await ConnectAsync(on, "w");
        await watcher.SubscribeAsync(Topic("will"), 2);
        return watcher;
    }

    private async Task<RawClient> ConnectAsync(string on, Will will) =>
        await ConnectAsync(on, new Connect { ClientId = Id("a"), Will = will });

    private new async Task<RawClient> ConnectAsync(string on, Connect connect) =>
        (await base.ConnectAsync(on, connect)).Client;
}
