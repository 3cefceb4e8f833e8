using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

public sealed class DevicePresenceTests : IDisposable
{
    private static readonly TwinId T07 = new("turbine", "t07");

    private readonly HeldRoad _road = new();
    private readonly Farewells _farewells;

    public DevicePresenceTests()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddDays(1));
        _farewells = new Farewells(_road, LoneGateway.Peers(clock), clock, NullLogger<Farewells>.Instance);
    }

    public void Dispose() => _farewells.Dispose();

    [Fact]
    public void A_twin_is_remembered_once_by_whichever_topic_it_is_fed()
    {
        DevicePresence presence = new("here-1");
        TopicSlot one = Slot("t07");
        TopicSlot other = Slot("t07");
        Assert.True(presence.Remember(one));
        Assert.False(presence.Remember(one));
        Assert.False(presence.Remember(other));
        Assert.True(presence.Remember(Slot("t08")));
    }

    [Fact]
    public void Two_connections_that_feed_one_twin_each_remember_it()
    {
        DevicePresence one = new("here-1");
        DevicePresence other = new("here-2");
        TopicSlot slot = Slot("t07");
        Assert.True(one.Remember(slot));
        Assert.True(other.Remember(slot));
        Assert.False(one.Remember(slot));
        Assert.False(other.Remember(slot));
    }

    [Fact]
    public void A_twin_that_was_forgotten_is_new_by_every_topic()
    {
        DevicePresence presence = new("here-1");
        TopicSlot one = Slot("t07");
        TopicSlot other = Slot("t07");
        presence.Remember(one);
        presence.Remember(other);
        presence.Forget(T07);
        Assert.True(presence.Remember(other));
        Assert.False(presence.Remember(one));
    }

    [Fact]
    public async Task A_connection_remembers_65536_twins_and_no_more()
    {
        DevicePresence presence = new("here-1");
        for (int i = 0; i < DevicePresence.MaxTwins; i++)
        {
            Assert.True(presence.Remember(Slot($"t{i}")));
        }

        TopicSlot tooMany = Slot("one-too-many");
        Assert.False(presence.Remember(tooMany));
        Assert.False(presence.Remember(tooMany));
        presence.Forget(new TwinId("turbine", "t5"));
        Assert.True(presence.Remember(tooMany));
        Assert.Equal(65_536, (await presence.TakeFedAsync()).Length);
    }

    [Fact]
    public async Task The_twins_are_given_once_when_nothing_feeds_any_more()
    {
        DevicePresence presence = new("here-1");
        Assert.True(presence.TryBeginFeed());
        Assert.True(presence.TryBeginFeed());
        presence.Remember(Slot("t07"));
        Task<TwinId[]> fed = presence.TakeFedAsync();
        Task<TwinId[]> again = presence.TakeFedAsync();
        Assert.False(presence.TryBeginFeed());
        presence.EndFeed();
        Assert.False(fed.IsCompleted);
        presence.EndFeed();
        TwinId[][] both = await Task.WhenAll(fed, again).WaitAsync(RunningGateway.Patience);
        Assert.Equal([T07], both.SelectMany(one => one));
        Assert.False(presence.TryBeginFeed());
        Assert.Empty(await presence.TakeFedAsync());
    }

    [Fact]
    public async Task Whoever_feeds_while_the_connection_ends_is_either_awaited_or_turned_away()
    {
        for (int round = 0; round < 200; round++)
        {
            DevicePresence presence = new("here-1");
            ConcurrentBag<TwinId> entered = [];
            Task[] feeders =
            [
                .. Enumerable.Range(0, 4).Select(feeder => Task.Run(() =>
                {
                    for (int i = 0; i < 50 && presence.TryBeginFeed(); i++)
                    {
                        TopicSlot slot = Slot($"t{feeder}-{i}");
                        presence.Remember(slot);
                        entered.Add(slot.Route.Twin);
                        presence.EndFeed();
                    }
                })),
            ];
            TwinId[] fed = await presence.TakeFedAsync().WaitAsync(RunningGateway.Patience);
            Assert.Equal(entered.Order(), fed.Order());
            await Task.WhenAll(feeders);
            Assert.Equal(fed.Length, entered.Count);
        }
    }

    [Fact]
    public void Presences_are_named_by_the_process_and_a_number()
    {
        string one = Begin().Id;
        string two = Begin().Id;
        Assert.Equal(32 + 2, one.Length);
        Assert.Equal(one[..32], two[..32]);
        Assert.Equal(["#1", "#2"], [one[32..], two[32..]]);

        // A UUID version 7 begins with the milliseconds: a day is 86,400,000 = 0x5265c00 of them (RFC 9562).
        Assert.StartsWith("000005265c00", one, StringComparison.Ordinal);
        Assert.Equal('7', one[12]);
    }

    [Fact]
    public async Task Every_twin_of_an_ended_connection_hears_once_that_its_device_is_gone()
    {
        DevicePresence presence = Begin();
        presence.TryBeginFeed();
        presence.Remember(Slot("t07"));
        presence.Remember(Slot("t08"));
        _farewells.Say(presence);
        Assert.Empty(_road.Held);
        presence.EndFeed();
        await RunningGateway.Until(() => _road.Held.Count == 2, "both twins hear of it");
        Assert.Equal(
            new[] { "t07", "t08" }.Select(
                key => $$"""turbine/{{key}}: Presence {"online":false,"session":"{{presence.Id}}"}"""),
            _road.Held.Select(HeldRoad.Show).Order());
        Task stop = _farewells.StopAsync(CancellationToken.None);
        Assert.False(stop.IsCompleted);
        foreach (IngestMessage message in _road.Held)
        {
            message.Finished(default);
        }

        await stop.WaitAsync(RunningGateway.Patience);
        _farewells.Say(presence);
        Assert.Equal(2, _road.Held.Count);
    }

    [Fact]
    public async Task At_most_32_twins_hear_of_it_at_once_and_a_broken_road_holds_nobody_up()
    {
        DevicePresence presence = Begin();
        for (int i = 0; i < 100; i++)
        {
            presence.Remember(Slot($"t{i}"));
        }

        _farewells.Say(presence);
        await RunningGateway.Until(() => _road.Held.Count == 32, "32 twins hear of it");
        _road.Broken = new TimeoutException();
        foreach (IngestMessage message in _road.Held)
        {
            message.Finished(new IngestResult(IngestStatus.Unavailable));
        }

        await _farewells.StopAsync(CancellationToken.None).WaitAsync(RunningGateway.Patience);
        Assert.Equal(32, _road.Held.Count);
    }

    [Fact]
    public async Task When_the_time_to_stop_runs_out_the_rest_is_cut()
    {
        DevicePresence fed = Begin();
        fed.Remember(Slot("t07"));
        _farewells.Say(fed);
        DevicePresence feeding = Begin();
        feeding.TryBeginFeed();
        _farewells.Say(feeding);
        using CancellationTokenSource patience = new();
        Task stop = _farewells.StopAsync(patience.Token);
        Assert.False(stop.IsCompleted);
        await patience.CancelAsync();
        await stop.WaitAsync(RunningGateway.Patience);
    }

    [Fact]
    public async Task When_a_session_goes_on_the_twins_that_its_last_connection_fed_hear_that_their_device_is_back()
    {
        MqttSession session = Session();
        DevicePresence before = _farewells.Begin(session);
        before.Remember(Slot("t07"));
        before.Remember(Slot("t08"));
        DevicePresence now = _farewells.Begin(session);
        await RunningGateway.Until(() => _road.Held.Count == 2, "both twins hear of it");
        Assert.Equal(
            new[] { "t07", "t08" }.Select(
                key => $$"""turbine/{{key}}: Presence {"online":true,"session":"{{now.Id}}"}"""),
            _road.Held.Select(HeldRoad.Show).Order());

        // The new connection ends while they still hear of its beginning: its end is said after that.
        _farewells.Say(now);
        Assert.Equal(2, _road.Held.Count);
        IngestMessage[] greetings = [.. _road.Held];
        greetings[0].Finished(default);
        greetings[1].Finished(new IngestResult(IngestStatus.UnknownTwin));
        await RunningGateway.Until(() => _road.Held.Count == 3, "the twin that there is hears of the end");
        Assert.Equal(
            $$"""{{greetings[0].Address.Twin}}: Presence {"online":false,"session":"{{now.Id}}"}""",
            HeldRoad.Show(_road.Held[2]));
        _road.Held[2].Finished(default);
        await _farewells.StopAsync(CancellationToken.None).WaitAsync(RunningGateway.Patience);
    }

    [Fact]
    public async Task The_twins_that_a_session_fed_elsewhere_hear_that_their_device_is_back_however_late_that_is_known()
    {
        MqttSession session = Session();
        _farewells.GoOn(session, [T07]);
        Assert.Empty(_road.Held);
        DevicePresence now = _farewells.Begin(session);
        await RunningGateway.Until(() => _road.Held.Count == 1, "the first twin hears of it");

        _farewells.GoOn(session, [new TwinId("turbine", "t08")]);
        await RunningGateway.Until(() => _road.Held.Count == 2, "the second twin hears of it");
        Assert.Equal(
            new[] { "t07", "t08" }.Select(
                key => $$"""turbine/{{key}}: Presence {"online":true,"session":"{{now.Id}}"}"""),
            _road.Held.Select(HeldRoad.Show));
        Assert.All(_road.Held, static greeting => greeting.Finished(default));
        await _farewells.StopAsync(CancellationToken.None).WaitAsync(RunningGateway.Patience);
    }

    private static MqttSession Session() => new("device", "token-1", 1, new LimitOptions());

    private DevicePresence Begin() => _farewells.Begin(Session());

    private static TopicSlot Slot(string key)
    {
        TwinId twin = new("turbine", key);
        string topic = $"twins/{twin}/telemetry";
        return new TopicSlot
        {
            Topic = topic,
            Utf8 = Encoding.UTF8.GetBytes(topic),
            Route = new TopicRoute { Use = TopicUse.Telemetry, Twin = twin },
            Address = new TwinAddress(twin),
        };
    }
}
