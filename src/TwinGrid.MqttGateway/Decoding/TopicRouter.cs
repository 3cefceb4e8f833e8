using System.Collections.Frozen;
using System.Text;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>What a device's message is, by its topic.</summary>
internal enum TopicUse : byte
{
    /// <summary>None that the grid takes.</summary>
    Refused,

    /// <summary>Readings.</summary>
    Telemetry,

    /// <summary>Reported properties.</summary>
    Reported,

    /// <summary>The answer to a command.</summary>
    Result,

    /// <summary>The device says that it is there or not.</summary>
    Online,
}

/// <summary>Where a topic leads.</summary>
internal readonly record struct TopicRoute
{
    /// <summary>What the message is.</summary>
    public required TopicUse Use { get; init; }

    /// <summary>Whose it is.</summary>
    public TwinId Twin { get; init; }

    /// <summary>The telemetry that the topic names, or the command's id.</summary>
    public string? Name { get; init; }

    /// <summary>The decoder of readings.</summary>
    public IPayloadDecoder? Decoder { get; init; }

    /// <summary>Of a refused topic: the answer to MQTT 5 clients.</summary>
    public ReasonCode Refusal { get; init; }

    /// <summary>Of a refused topic: a word for counting.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a refused topic: why, as a sentence.</summary>
    public string? Detail { get; init; }

    /// <summary>Of a refused topic: true where it is none of the grid's, such as one outside the root.</summary>
    public bool IsOutside { get; init; }
}

/// <summary>
/// Reads topics as the contract's section on MQTT writes them, and those that kind files map. Immutable, thread-safe.
/// </summary>
internal sealed class TopicRouter
{
    private const int MaxTopic = 1_024;

    private readonly string _root;
    private readonly IngestMappings _mappings;
    private readonly IPayloadDecoder _json;
    private readonly IPayloadDecoder _scalar;

    public TopicRouter(IOptions<MqttOptions> options, DefinitionSet definitions, IEnumerable<IPayloadDecoder> decoders)
    {
        _root = options.Value.TopicRoot;

        // A later registration of a format replaces an earlier one.
        Dictionary<string, IPayloadDecoder> byFormat = new(StringComparer.Ordinal);
        foreach (IPayloadDecoder decoder in decoders)
        {
            byFormat[decoder.Format] = decoder;
        }

        _json = byFormat["json"];
        _scalar = byFormat["scalar"];
        _mappings = new IngestMappings(definitions, byFormat.ToFrozenDictionary(StringComparer.Ordinal), _root);
    }

    /// <summary>Topic filters that match what kind files map.</summary>
    public IReadOnlyList<string> MappedFilters => _mappings.Filters;

    /// <summary>Where a topic leads.</summary>
    public TopicRoute Route(string topic)
    {
        if (topic.Length > MaxTopic)
        {
            return Unknown($"a topic of {topic.Length} characters; at most {MaxTopic}");
        }

        ReadOnlySpan<char> text = topic;
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> first = slash < 0 ? text : text[..slash];
        if (first.SequenceEqual(_root) && slash > 0)
        {
            return UnderRoot(text[(slash + 1)..]);
        }

        if (first is ['$', ..])
        {
            return Forbidden("reserved-topic", "topics that begin with $ are the grid's own");
        }

        if (!_mappings.TryMatch(text, out TwinId twin, out string? telemetry, out IPayloadDecoder? decoder))
        {
            return Unknown($"no topic under '{_root}/' and none that a kind file maps") with { IsOutside = true };
        }

        return telemetry is null || IsName(telemetry)
            ? new TopicRoute { Use = TopicUse.Telemetry, Twin = twin, Name = telemetry, Decoder = decoder }
            : Unknown($"'{telemetry}' cannot be a telemetry: {TelemetryName.Rule}");
    }

    private TopicRoute UnderRoot(ReadOnlySpan<char> rest)
    {
        Span<Range> levels = stackalloc Range[6];
        int count = rest.Split(levels, '/');
        if (count is < 3 or > 4)
        {
            return Unknown($"expected {_root}/{{kind}}/{{key}}/telemetry or another topic of a twin");
        }

        ReadOnlySpan<char> kind = rest[levels[0]];
        ReadOnlySpan<char> key = rest[levels[1]];
        if (!TwinId.IsSegment(kind) || !TwinId.IsSegment(key))
        {
            return Unknown(TwinId.SegmentRule);
        }

        if (kind[0] == '_' || key[0] == '_')
        {
            return Forbidden("reserved-topic", "kinds and keys that begin with _ are the grid's own");
        }

        ReadOnlySpan<char> branch = rest[levels[2]];
        ReadOnlySpan<char> name = count == 4 ? rest[levels[3]] : default;
        return Branch(new TwinId(kind.ToString(), key.ToString()), branch, name, count == 4);
    }

    private TopicRoute Branch(TwinId twin, ReadOnlySpan<char> branch, ReadOnlySpan<char> name, bool isNamed) =>
        branch switch
        {
            TopicNames.Telemetry when !isNamed =>
                new TopicRoute { Use = TopicUse.Telemetry, Twin = twin, Decoder = _json },
            TopicNames.Telemetry when IsName(name) =>
                new TopicRoute { Use = TopicUse.Telemetry, Twin = twin, Name = name.ToString(), Decoder = _scalar },
            TopicNames.Telemetry =>
                Unknown($"'{name}' cannot be a telemetry: {TelemetryName.Rule}"),
            TopicNames.Properties when name.SequenceEqual(TopicNames.Reported) =>
                new TopicRoute { Use = TopicUse.Reported, Twin = twin },
            TopicNames.Results when TwinId.IsSegment(name) =>
                new TopicRoute { Use = TopicUse.Result, Twin = twin, Name = name.ToString() },
            TopicNames.Online when !isNamed =>
                new TopicRoute { Use = TopicUse.Online, Twin = twin },
            TopicNames.Forecasts when isNamed =>
                Unknown("forecasts are reserved: this version of the grid does not take them yet") with
                {
                    Reason = "reserved-topic",
                },
            TopicNames.State when !isNamed =>
                Forbidden("grid-topic", "'state' is what the grid says; subscribe to it"),
            TopicNames.Predictions or TopicNames.Alarms or TopicNames.Commands when isNamed =>
                Forbidden("grid-topic", $"'{branch}' are what the grid says; subscribe to them"),
            TopicNames.Properties when name.SequenceEqual(TopicNames.Desired) =>
                Forbidden("grid-topic", "'properties/desired' is what the grid says; subscribe to it"),
            _ => Unknown($"a twin has no topic '{(isNamed ? $"{branch}/{name}" : branch.ToString())}'"),
        };

    private static bool IsName(ReadOnlySpan<char> name)
    {
        Span<byte> utf8 = stackalloc byte[TelemetryName.MaxLength];
        return Encoding.UTF8.TryGetBytes(name, utf8, out int bytes) && TelemetryName.IsValid(utf8[..bytes]);
    }

    private static TopicRoute Unknown(string detail) => new()
    {
        Use = TopicUse.Refused,
        Refusal = ReasonCode.TopicNameInvalid,
        Reason = "unknown-topic",
        Detail = detail,
    };

    private static TopicRoute Forbidden(string reason, string detail) => new()
    {
        Use = TopicUse.Refused,
        Refusal = ReasonCode.NotAuthorized,
        Reason = reason,
        Detail = detail,
    };
}
