using System.Collections.Frozen;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The topics outside the root that kind files map to twins, such as <c>site/{site}/{key}/{telemetry}</c>: literal
/// levels, and placeholders for one level each. <c>{key}</c> and <c>{telemetry}</c> are taken, other placeholders
/// match anything. Where several match, the first kind by name, then the first of its file. Immutable, thread-safe.
/// </summary>
internal sealed class IngestMappings
{
    private static readonly string[] ReservedRoots = ["spBv1.0", "opcua", "homeassistant"];

    private readonly Mapping[] _mappings;

    /// <summary>Topic filters that match what is mapped.</summary>
    public IReadOnlyList<string> Filters => [.. _mappings.Select(mapping => mapping.Filter)];

    /// <summary>Takes every mapping of the definitions.</summary>
    /// <exception cref="DefinitionException">A mapping cannot work; the message names its file and place.</exception>
    public IngestMappings(
        DefinitionSet definitions, FrozenDictionary<string, IPayloadDecoder> decoders, string topicRoot)
    {
        _mappings =
        [
            .. definitions.All
                .OrderBy(definition => definition.Kind, StringComparer.Ordinal)
                .SelectMany(definition => definition.Ingest.Select(
                    (mapping, index) => Compile(definition, mapping, index, decoders, topicRoot))),
        ];
    }

    /// <summary>True for a first level that the grid keeps for protocols of its own.</summary>
    public static bool IsReserved(ReadOnlySpan<char> firstLevel)
    {
        if (firstLevel is ['$', ..])
        {
            return true;
        }

        foreach (string reserved in ReservedRoots)
        {
            if (firstLevel.SequenceEqual(reserved))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The twin, the telemetry (null where the payload names it) and the decoder of a topic.</summary>
    /// <returns>False when no kind maps it.</returns>
    public bool TryMatch(
        ReadOnlySpan<char> topic, out TwinId twin, out string? telemetry, out IPayloadDecoder? decoder)
    {
        foreach (Mapping mapping in _mappings)
        {
            if (mapping.TryMatch(topic, out twin, out telemetry))
            {
                decoder = mapping.Decoder;
                return true;
            }
        }

        (twin, telemetry, decoder) = (default, null, null);
        return false;
    }

    private static Mapping Compile(
        TwinDefinition definition,
        IngestMapping mapping,
        int index,
        FrozenDictionary<string, IPayloadDecoder> decoders,
        string topicRoot)
    {
        string[] levels = mapping.Topic.Split('/');
        string? problem = Problem(levels, topicRoot);
        if (problem is not null)
        {
            throw new DefinitionException(
                definition.Source ?? "code", $"$.ingest[{index}].topic", $"'{mapping.Topic}': {problem}");
        }

        if (!decoders.TryGetValue(mapping.Payload, out IPayloadDecoder? decoder))
        {
            throw new DefinitionException(
                definition.Source ?? "code",
                $"$.ingest[{index}].payload",
                $"there is no payload format '{mapping.Payload}'; "
                + $"there are {string.Join(", ", decoders.Keys.Order())}");
        }

        return new Mapping(definition.Kind, levels, decoder);
    }

    private static string? Problem(string[] levels, string topicRoot)
    {
        if (levels.Count(level => level == "{key}") != 1)
        {
            return "expected {key} for one level, which names the twin";
        }

        if (levels.Count(level => level == "{telemetry}") > 1)
        {
            return "expected {telemetry} at most once";
        }

        if (IsReserved(levels[0]) || levels[0] == topicRoot)
        {
            return $"topics under '{levels[0]}' are the grid's own";
        }

        string? wrong = Array.Find(levels, level =>
            level.AsSpan().ContainsAny('+', '#', '\0')
            || (level.AsSpan().ContainsAny('{', '}') && !IsPlaceholder(level)));
        return wrong is null ? null : $"'{wrong}' is neither a literal level nor one placeholder such as {{site}}";
    }

    private static bool IsPlaceholder(string level) =>
        level is ['{', _, .., '}'] && !level.AsSpan(1, level.Length - 2).ContainsAny('{', '}');

    private sealed class Mapping(string kind, string[] levels, IPayloadDecoder decoder)
    {
        public IPayloadDecoder Decoder => decoder;

        public string Filter => string.Join('/', levels.Select(level => IsPlaceholder(level) ? "+" : level));

        public bool TryMatch(ReadOnlySpan<char> topic, out TwinId twin, out string? telemetry)
        {
            twin = default;
            telemetry = null;
            ReadOnlySpan<char> key = default;
            int level = 0;
            foreach (Range range in topic.Split('/'))
            {
                if (level == levels.Length)
                {
                    return false;
                }

                ReadOnlySpan<char> found = topic[range];
                string expected = levels[level++];
                if (expected == "{key}")
                {
                    key = found;
                }
                else if (expected == "{telemetry}")
                {
                    telemetry = found.ToString();
                }
                else if (!IsPlaceholder(expected) && !found.SequenceEqual(expected))
                {
                    return false;
                }
            }

            if (level != levels.Length || !TwinId.IsSegment(key) || key[0] == '_')
            {
                return false;
            }

            twin = new TwinId(kind, key.ToString());
            return true;
        }
    }
}
