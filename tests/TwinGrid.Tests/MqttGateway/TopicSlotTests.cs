using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.MqttGateway;

public class TopicSlotTests
{
    private readonly TopicSlots _slots = new(Router());

    [Fact]
    public void A_topic_leads_to_its_twin_and_is_found_again()
    {
        TopicSlot slot = _slots.FindOrAdd("twins/turbine/t07/telemetry/power"u8);
        Assert.Equal("twins/turbine/t07/telemetry/power", slot.Topic);
        Assert.Equal(new TwinId("turbine", "t07"), slot.Address!.Twin);
        Assert.Equal(TopicUse.Telemetry, slot.Route.Use);
        Assert.Equal("power", slot.Route.Name);
        Assert.Same(slot, _slots.Find("twins/turbine/t07/telemetry/power"u8));
        Assert.Same(slot, _slots.FindOrAdd("twins/turbine/t07/telemetry/power"u8));
        Assert.Null(_slots.Find("twins/turbine/t07/telemetry/powes"u8));
        Assert.Null(_slots.Find("twins/turbine/t07/telemetry/powerr"u8));
        Assert.True(slot.Is("twins/turbine/t07/telemetry/power"u8));
        Assert.False(slot.Is("twins/turbine/t07/telemetry"u8));
    }

    [Theory]
    [InlineData("home/kitchen/temperature", ReasonCode.TopicNameInvalid)]
    [InlineData("twins/turbine/t07/state", ReasonCode.NotAuthorized)]
    [InlineData("", ReasonCode.TopicNameInvalid)]
    internal void A_topic_that_leads_to_no_twin_is_not_kept(string topic, ReasonCode reason)
    {
        TopicSlot slot = _slots.FindOrAdd(Encoding.UTF8.GetBytes(topic));
        Assert.Equal(reason, slot.Route.Refusal);
        Assert.Null(slot.Address);
        Assert.Null(_slots.Find(Encoding.UTF8.GetBytes(topic)));
        Assert.Equal(0, _slots.Count);
    }

    [Fact]
    public void Any_number_of_topics_takes_the_room_of_two_generations()
    {
        for (int i = 0; i < 4 * TopicSlots.MostTopics; i++)
        {
            _slots.FindOrAdd(Topic(i));
        }

        Assert.InRange(_slots.Count, TopicSlots.MostTopics, 2 * TopicSlots.MostTopics);
    }

    [Fact]
    public void Long_topics_fill_a_generation_sooner()
    {
        // A mapped topic may have 1,024 characters: 8 MiB hold 8,192 of them, and two generations twice as many.
        TwinDefinition site = new()
        {
            Kind = "turbine",
            Ingest = [new IngestMapping { Topic = "site/{site}/{key}", Payload = "json" }],
        };
        TopicSlots slots = new(Router(site));
        string place = new('x', 1_024 - "site//000000".Length);
        for (int i = 0; i < 20_000; i++)
        {
            slots.FindOrAdd(Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"site/{place}/{i:000000}")));
        }

        Assert.InRange(slots.Count, 8_192, 2 * 8_192);
    }

    [Fact]
    public void A_topic_in_use_is_kept_while_others_come_and_go()
    {
        TopicSlot slot = _slots.FindOrAdd("twins/turbine/t07/telemetry"u8);
        TopicSlot unused = _slots.FindOrAdd("twins/turbine/t08/telemetry"u8);
        for (int i = 0; i < 3 * TopicSlots.MostTopics; i++)
        {
            _slots.FindOrAdd(Topic(i));
            if (i % 1_000 == 0)
            {
                Assert.Same(slot, _slots.FindOrAdd("twins/turbine/t07/telemetry"u8));
            }
        }

        Assert.NotSame(unused, _slots.FindOrAdd("twins/turbine/t08/telemetry"u8));
    }

    [Fact]
    public void Threads_that_meet_at_a_topic_find_one_slot()
    {
        ConcurrentDictionary<int, TopicSlot> found = new();
        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                int number = (i + (thread * 5)) % 20_000;
                TopicSlot slot = _slots.FindOrAdd(Topic(number));
                Assert.Equal(Encoding.UTF8.GetString(Topic(number)), slot.Topic);
                Assert.Same(found.GetOrAdd(number, slot), slot);
            }
        });
        Assert.Equal(20_000, _slots.Count);
    }

    [Fact]
    public void Threads_that_fill_generations_stay_within_the_bound_and_find_what_they_look_for()
    {
        Parallel.For(0, 4, thread =>
        {
            for (int i = 0; i < 50_000; i++)
            {
                byte[] topic = Topic((thread * 50_000) + i);
                Assert.Equal(Encoding.UTF8.GetString(topic), _slots.FindOrAdd(topic).Topic);
            }
        });

        // Each thread may have had one topic in hand when a generation was full.
        Assert.InRange(_slots.Count, TopicSlots.MostTopics, (2 * TopicSlots.MostTopics) + 8);
    }

    private static byte[] Topic(int number) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"twins/turbine/{number:000000}/telemetry"));

    private static TopicRouter Router(params TwinDefinition[] definitions) => new(
        Options.Create(new MqttOptions()),
        new DefinitionSet(definitions),
        [new JsonPayloadDecoder(), new ScalarPayloadDecoder()]);
}
