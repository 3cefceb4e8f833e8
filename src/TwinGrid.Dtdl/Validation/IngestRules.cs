using System.Text;
using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>The rules of <c>ingest</c>: which topics a kind may take, contracts section 3.</summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class IngestRules(ProblemList problems)
{
    /// <summary>The longest topic of MQTT, in bytes of UTF-8 (MQTT 5, 1.5.4).</summary>
    private const int MaxTopicBytes = 65_535;

    private static readonly string[] Reserved = ["spBv1.0", "opcua", "homeassistant"];

    /// <summary>Judges each mapping of a file.</summary>
    public void Check(KindFile file)
    {
        Dictionary<string, string> seen = new(StringComparer.Ordinal);
        foreach (Located<IngestMapping> mapping in file.Ingest)
        {
            if (mapping.At.Find("topic") is not { Kind: JsonKind.Text, Text.Length: > 0 } at)
            {
                continue;
            }

            List<string> placeholders = CheckLevels(at);
            if (!placeholders.Contains("key"))
            {
                problems.Add(at, $"the topic '{at.Text}' has no {{key}}: one level must say which twin it is");
            }

            if (mapping.Value.Payload == "scalar" && !placeholders.Contains("telemetry"))
            {
                problems.Add(
                    at,
                    "the payload 'scalar' is one bare value: one level must be {telemetry} to say which it is");
            }

            string shape = ShapeOf(at.Text);
            if (!seen.TryAdd(shape, at.Text))
            {
                problems.Add(at, $"the topic '{at.Text}' matches the same messages as '{seen[shape]}'");
            }
        }
    }

    /// <summary>The topic with every placeholder alike: two topics of one shape match the same messages.</summary>
    public static string ShapeOf(string topic) =>
        string.Join('/', topic.Split('/').Select(static level => level.StartsWith('{') ? "{}" : level));

    private List<string> CheckLevels(JsonValue at)
    {
        string topic = at.Text;
        string[] levels = topic.Split('/');
        string root = levels[0];
        if (topic.StartsWith('$') || (levels.Length > 1 && Reserved.Contains(root)))
        {
            problems.Add(
                at, $"the topic '{topic}' is reserved: spBv1.0/, opcua/, homeassistant/ and $… are the grid's own");
        }
        else if (root.StartsWith('{'))
        {
            problems.Add(
                at,
                $"the topic '{topic}' begins with a placeholder and would take reserved topics: name its first level");
        }

        if (topic.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(topic) > MaxTopicBytes)
        {
            problems.Add(at, $"a topic has at most {MaxTopicBytes} bytes and no NUL");
        }

        List<string> placeholders = [];
        foreach (string level in levels)
        {
            CheckLevel(at, level, placeholders);
        }

        return placeholders;
    }

    private void CheckLevel(JsonValue at, string level, List<string> placeholders)
    {
        if (level.AsSpan().ContainsAny('+', '#'))
        {
            problems.Add(at, $"the level '{level}' has an MQTT wildcard: write a placeholder such as {{site}}");
            return;
        }

        if (!level.AsSpan().ContainsAny('{', '}'))
        {
            return;
        }

        string name = level.Trim('{', '}');
        if (level != $"{{{name}}}" || !DtdlNames.IsName(name))
        {
            problems.Add(at, $"the level '{level}' is no placeholder: expected a whole level such as {{key}}");
            return;
        }

        if (placeholders.Contains(name))
        {
            problems.Add(at, $"the placeholder '{level}' is there twice");
        }

        placeholders.Add(name);
    }
}
