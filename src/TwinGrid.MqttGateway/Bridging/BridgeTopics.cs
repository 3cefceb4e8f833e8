using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// Which topics a bridge takes in and which are the grid's own to publish: the two never meet, so that nothing that
/// the bridge published comes back through it. Immutable, thread-safe.
/// </summary>
internal sealed class BridgeTopics
{
    /// <summary>Takes the filters that were given, or those of all that devices tell.</summary>
    /// <exception cref="OptionsValidationException">Topics that kind files map overlap.</exception>
    public BridgeTopics(IOptions<MqttOptions> options, TopicRouter router)
    {
        MqttOptions mqtt = options.Value;
        IReadOnlyList<TopicFilter> given = mqtt.Bridge.Given();
        Filters = given.Count > 0 ? given : Usual(mqtt.TopicRoot, router.MappedFilters);
        if (mqtt.Bridge.IsOn && Overlaps(Filters) is [var (one, other), ..])
        {
            throw new OptionsValidationException(MqttBridgeOptions.Section, typeof(MqttOptions),
            [
                $"{MqttBridgeOptions.Section}:Topics: what kind files map, '{one}' and '{other}', overlaps, so that a "
                + "message would come twice: list the filters here",
            ]);
        }
    }

    /// <summary>What is subscribed, each on a connection of its own.</summary>
    public IReadOnlyList<TopicFilter> Filters { get; }

    /// <summary>
    /// What a filter's session is called at the broker: by the filter and not by a number, so that whoever changes the
    /// list finds in no session a subscription of before.
    /// </summary>
    public static string SessionOf(string filter) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(filter)).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>
    /// True for what says how things stand until something else is said, online and reported properties: of that the
    /// broker is asked what it retains. Of a retained reading nobody knows how old it is: it would be taken for new.
    /// </summary>
    public static bool SaysHowThingsStand(string filter) =>
        filter.EndsWith($"/{TopicNames.Online}", StringComparison.Ordinal)
        || filter.EndsWith($"/{TopicNames.Properties}/{TopicNames.Reported}", StringComparison.Ordinal);

    /// <summary>The topics that the grid publishes, with the filters that find them.</summary>
    public static IReadOnlyList<(BridgedEffects Kind, TopicFilter Filter)> Published(string root) =>
    [
        (BridgedEffects.State, TopicFilter.Parse($"{root}/+/+/{TopicNames.State}")!),
        (BridgedEffects.Predictions, TopicFilter.Parse($"{root}/+/+/{TopicNames.Predictions}/+")!),
        (BridgedEffects.Alarms, TopicFilter.Parse($"{root}/+/+/{TopicNames.Alarms}/+")!),
        (BridgedEffects.Commands, TopicFilter.Parse($"{root}/+/+/{TopicNames.Commands}/+")!),
        (BridgedEffects.Desired, TopicFilter.Parse($"{root}/+/+/{TopicNames.Properties}/{TopicNames.Desired}")!),
    ];

    /// <summary>A topic of the grid's own that a filter matches, or null.</summary>
    public static string? GridTopic(TopicFilter filter, string root)
    {
        foreach ((_, TopicFilter own) in Published(root))
        {
            if (Overlap(filter, own))
            {
                return own.Text;
            }
        }

        return null;
    }

    /// <summary>Pairs of filters that some topic matches both of.</summary>
    public static IReadOnlyList<(string, string)> Overlaps(IReadOnlyList<TopicFilter> filters) =>
    [
        .. from second in Enumerable.Range(0, filters.Count)
           from first in Enumerable.Range(0, second)
           where Overlap(filters[first], filters[second])
           select (filters[first].Text, filters[second].Text),
    ];

    private static bool Overlap(TopicFilter one, TopicFilter other)
    {
        (string[] a, string[] b) = (one.Levels, other.Levels);
        for (int i = 0; ; i++)
        {
            if ((i < a.Length && a[i] == "#") || (i < b.Length && b[i] == "#"))
            {
                return true;
            }

            if (i == a.Length || i == b.Length)
            {
                return a.Length == b.Length;
            }

            if (a[i] != "+" && b[i] != "+" && a[i] != b[i])
            {
                return false;
            }
        }
    }

    private static TopicFilter[] Usual(string root, IEnumerable<string> mapped) =>
    [
        .. ((string[])
        [
            $"{root}/+/+/{TopicNames.Telemetry}/#",
            $"{root}/+/+/{TopicNames.Properties}/{TopicNames.Reported}",
            $"{root}/+/+/{TopicNames.Results}/+",
            $"{root}/+/+/{TopicNames.Online}",
        ]).Concat(mapped).Distinct(StringComparer.Ordinal).Select(text => TopicFilter.Parse(text)!),
    ];
}
