using CsCheck;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

public class TopicTests
{
    private static readonly TwinDefinition Meter = new()
    {
        Kind = "meter",
        Ingest =
        [
            new IngestMapping { Topic = "site/{site}/{key}/{telemetry}", Payload = "scalar" },
            new IngestMapping { Topic = "site/{site}/{key}" },
        ],
    };

    [Theory]
    [InlineData("twins/turbine/t07/commands/+", true)]
    [InlineData("twins/turbine/t07/commands/#", true)]
    [InlineData("twins/turbine/t07/commands/derate", true)]
    [InlineData("twins/turbine/t07/commands", false)]
    [InlineData("twins/turbine/t07/commands/a/b", false)]
    [InlineData("twins/turbine/t07/#", false)]
    [InlineData("twins/turbine/t07/+/+", false)]
    [InlineData("twins/turbine/t07/+/derate", false)]
    [InlineData("twins/turbine/+/commands/+", false)]
    [InlineData("twins/+/t07/commands/+", false)]
    [InlineData("other/turbine/t07/commands/+", false)]
    [InlineData("#", false)]
    public void A_device_subscribes_to_the_commands_of_its_twin_and_names_both(string filter, bool isDevice)
    {
        TwinId? expected = isDevice ? new TwinId("turbine", "t07") : null;
        Assert.Equal(expected, TopicFilter.Parse(filter)!.DeviceOf("twins"));
    }

    [Theory]
    [InlineData("twins/turbine/t07/telemetry", "Telemetry turbine/t07 json")]
    [InlineData("twins/turbine/t07/telemetry/windSpeed", "Telemetry turbine/t07 scalar windSpeed")]
    [InlineData("twins/turbine/t07/telemetry/motor.temp", "Telemetry turbine/t07 scalar motor.temp")]
    [InlineData("twins/turbine/t07/properties/reported", "Reported turbine/t07")]
    [InlineData("twins/turbine/t07/results/0198f0c5", "Result turbine/t07 0198f0c5")]
    [InlineData("twins/turbine/t07/online", "Online turbine/t07")]
    [InlineData("twins/A-z_0.9@~/x/online", "Online A-z_0.9@~/x")]
    [InlineData("site/hull/m1/power", "Telemetry meter/m1 scalar power")]
    [InlineData("site/hull/m1", "Telemetry meter/m1 json")]
    [InlineData("twins/turbine/t07/forecasts/wind", "NotAllowed TopicNameInvalid reserved-topic")]
    [InlineData("twins/turbine/t07/state", "NotAllowed NotAuthorized grid-topic")]
    [InlineData("twins/turbine/t07/predictions/power", "NotAllowed NotAuthorized grid-topic")]
    [InlineData("twins/turbine/t07/alarms/overheat", "NotAllowed NotAuthorized grid-topic")]
    [InlineData("twins/turbine/t07/commands/derate", "NotAllowed NotAuthorized grid-topic")]
    [InlineData("twins/turbine/t07/properties/desired", "NotAllowed NotAuthorized grid-topic")]
    [InlineData("twins/_grid/x/telemetry", "NotAllowed NotAuthorized reserved-topic")]
    [InlineData("twins/turbine/_x/telemetry", "NotAllowed NotAuthorized reserved-topic")]
    [InlineData("$SYS/x", "NotAllowed NotAuthorized reserved-topic")]
    [InlineData("$share/g/twins/turbine/t07/telemetry", "NotAllowed NotAuthorized reserved-topic")]
    [InlineData("twins", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/weather", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/telemetry/", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/telemetry/a b", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/telemetry/a/b", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/t07/online/now", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/../telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins//t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/tur bine/t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/türbine/t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/+/t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("twins/turbine/#", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("/twins/turbine/t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("Twins/turbine/t07/telemetry", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("home/kitchen", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("site/hull", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("site/hull/m1/power/x", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("site/hull/_m1/power", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("site/hull/m1/9", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("spBv1.0/g/NDATA/n", "NotAllowed TopicNameInvalid unknown-topic")]
    [InlineData("", "NotAllowed TopicNameInvalid unknown-topic")]
    public void A_topic_leads_to_one_place_or_says_why_not(string topic, string expected)
    {
        TopicRoute route = Router(Meter).Route(topic);
        Assert.Equal(
            expected,
            route.Use == TopicUse.Refused
                ? $"NotAllowed {route.Refusal} {route.Reason}"
                : $"{route.Use} {route.Twin} {route.Decoder?.Format} {route.Name}".TrimEnd()
                    .Replace("  ", " ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_topic_of_65_535_bytes_or_of_200_levels_is_refused()
    {
        Assert.Equal(TopicUse.Refused, Router().Route($"twins/turbine/{new string('x', 65_000)}/telemetry").Use);
        Assert.Equal(TopicUse.Refused, Router().Route(string.Join('/', Enumerable.Repeat("twins", 200))).Use);
    }

    [Theory]
    [InlineData("site/{site}/x", "json", "$.ingest[0].topic", "{key}")]
    [InlineData("site/{key}/{key}", "json", "$.ingest[0].topic", "{key}")]
    [InlineData("twins/a/{key}", "json", "$.ingest[0].topic", "grid's own")]
    [InlineData("spBv1.0/{key}", "json", "$.ingest[0].topic", "grid's own")]
    [InlineData("$x/{key}", "json", "$.ingest[0].topic", "grid's own")]
    [InlineData("site/+/{key}", "json", "$.ingest[0].topic", "'+'")]
    [InlineData("site/x{y}/{key}", "json", "$.ingest[0].topic", "'x{y}'")]
    [InlineData("site/{key}", "xml", "$.ingest[0].payload", "json, scalar")]
    public void A_mapping_that_cannot_work_stops_the_start_and_names_its_place(
        string topic, string payload, string place, string expected)
    {
        TwinDefinition wrong = new()
        {
            Kind = "meter",
            Source = "meter.twin.json",
            Ingest = [new IngestMapping { Topic = topic, Payload = payload }],
        };
        DefinitionException e = Assert.Throws<DefinitionException>(() => Router(wrong));
        Assert.StartsWith($"meter.twin.json: {place}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    // MQTT 5 section 4.7.1: the examples of the standard.
    [Theory]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/ranking", true)]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true)]
    [InlineData("sport/#", "sport", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    [InlineData("sport/+", "sport", false)]
    [InlineData("sport/+", "sport/", true)]
    [InlineData("+/+", "/finance", true)]
    [InlineData("/+", "/finance", true)]
    [InlineData("+", "/finance", false)]
    public void Filters_match_as_the_standard_says(string filter, string topic, bool matches)
    {
        TopicTree<string> tree = new();
        tree.Add(TopicFilter.Parse(filter)!, "me");
        Assert.Equal(matches, tree.Matches(topic.Split('/')));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sport/tennis#")]
    [InlineData("sport/tennis/#/ranking")]
    [InlineData("sport+")]
    [InlineData("a/\0")]
    public void Filters_that_break_the_rules_are_none(string filter) => Assert.Null(TopicFilter.Parse(filter));

    [Fact]
    public void The_tree_agrees_with_a_list_of_filters_whatever_is_added_and_taken_away()
    {
        Gen<string> level = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c"), Gen.Const("+"));
        Gen<string> filter = Gen.Select(level.Array[1, 4], Gen.Bool, (levels, rest) =>
            string.Join('/', levels) + (rest ? "/#" : ""));
        Gen<string[]> topic = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c")).Array[1, 5];
        Gen.Select(Gen.Select(Gen.Bool, filter, Gen.Int[1, 2]).Array[0, 20], topic).Sample((changes, levels) =>
        {
            TopicTree<int> tree = new();
            HashSet<(string, int)> list = [];
            foreach ((bool isAdded, string text, int who) in changes)
            {
                if (isAdded)
                {
                    tree.Add(TopicFilter.Parse(text)!, who);
                    list.Add((text, who));
                }
                else
                {
                    tree.Remove(TopicFilter.Parse(text)!, who);
                    list.Remove((text, who));
                }
            }

            Assert.Equal(list.Any(one => Matches(one.Item1.Split('/'), levels)), tree.Matches(levels));
        });
    }

    [Theory]
    [InlineData("twins/turbine/t07/commands/+", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/commands/derate", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/commands/#", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/#", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/+/+", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/commands/derate/#", "turbine/t07", true)]
    [InlineData("+/turbine/t07/commands/+", "turbine/t07", true)]
    [InlineData("twins/turbine/t07/commands", "turbine/t07", false)]
    [InlineData("twins/turbine/t07/state", "turbine/t07", false)]
    [InlineData("other/turbine/t07/commands/+", "turbine/t07", false)]
    [InlineData("twins/turbine/+/commands/+", null, true)]
    [InlineData("twins/+/t07/commands/+", null, true)]
    [InlineData("twins/#", null, true)]
    [InlineData("#", null, true)]
    [InlineData("twins/turbine/#", null, true)]
    public void A_filter_names_a_twin_literally_or_only_observes(string filter, string? twin, bool covers)
    {
        TopicFilter parsed = TopicFilter.Parse(filter)!;
        Assert.Equal(twin, parsed.Twin?.ToString());
        Assert.Equal(covers, parsed.Covers("twins", "commands"));
    }

    private static bool Matches(ReadOnlySpan<string> filter, ReadOnlySpan<string> topic)
    {
        for (int i = 0; i < filter.Length; i++)
        {
            if (filter[i] == "#")
            {
                return topic.Length >= i;
            }

            if (i >= topic.Length || (filter[i] != "+" && filter[i] != topic[i]))
            {
                return false;
            }
        }

        return filter.Length == topic.Length;
    }

    private static TopicRouter Router(params TwinDefinition[] definitions) => new(
        Options.Create(new MqttOptions()),
        new DefinitionSet(definitions),
        [new JsonPayloadDecoder(), new ScalarPayloadDecoder()]);

    [Fact]
    public void A_filter_that_no_topic_can_match_for_its_length_is_none()
    {
        Assert.NotNull(TopicFilter.Parse(new string('/', TopicFilter.MaxLength)));
        Assert.Null(TopicFilter.Parse(new string('/', TopicFilter.MaxLength + 1)));
    }
}
