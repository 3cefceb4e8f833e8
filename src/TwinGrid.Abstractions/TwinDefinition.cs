using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// What twins of a kind have and what runs in them: the content of a kind file, with everything that its DTDL
/// interface says written in. Made by people, never changed by the grid. Immutable, thread-safe.
/// </summary>
/// <remarks>Made in code it needs only <see cref="Kind"/>; names follow the rule of DTDL: a letter, then letters,
/// digits and underscores; components are joined by dots.</remarks>
public sealed record TwinDefinition
{
    /// <summary>The kind that it defines.</summary>
    public required string Kind { get; init; }

    /// <summary>The version that its author gave it; default 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The DTMI of the DTDL interface that it came from, if any.</summary>
    public string? Interface { get; init; }

    /// <summary>What devices measure, by name, in the order of the file.</summary>
    public IReadOnlyList<TelemetryDefinition> Telemetry { get; init; } = [];

    /// <summary>
    /// What devices report and are asked to be. Empty means that anything may be asked for; else only what is declared
    /// here, writable and of its type.
    /// </summary>
    public IReadOnlyList<PropertyDefinition> Properties { get; init; } = [];

    /// <summary>What devices can be told. Empty means that any command name may be sent.</summary>
    public IReadOnlyList<CommandDefinition> Commands { get; init; } = [];

    /// <summary>The predictive models that run in each twin.</summary>
    public IReadOnlyList<ModelDefinition> Models { get; init; } = [];

    /// <summary>The policies that turn state and predictions into alarms and commands.</summary>
    public IReadOnlyList<PolicyDefinition> Policies { get; init; } = [];

    /// <summary>Topics outside the root whose messages are readings of this kind.</summary>
    public IReadOnlyList<IngestMapping> Ingest { get; init; } = [];

    /// <summary>Where it was read from, for error messages; a file name, or null for one made in code.</summary>
    [JsonIgnore]
    public string? Source { get; init; }
}

/// <summary>One telemetry of a kind.</summary>
public sealed record TelemetryDefinition
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type; default number.</summary>
    public TelemetryType Type { get; init; } = TelemetryType.Number;

    /// <summary>Its unit as DTDL names it, such as <c>degreeCelsius</c>; null for none.</summary>
    public string? Unit { get; init; }

    /// <summary>The least value that can be true; readings below are dropped as out of range.</summary>
    public double? Min { get; init; }

    /// <summary>The greatest value that can be true; readings above are dropped as out of range.</summary>
    public double? Max { get; init; }

    /// <summary>The largest credible change between two readings; for models of false data, later.</summary>
    public double? Step { get; init; }

    /// <summary>How often a reading should come; silence of twice as long raises the alarm <c>_noData</c>.</summary>
    public Duration? ExpectEvery { get; init; }

    /// <summary>How long its history is kept; <c>Limits:HistoryKeep</c> where null.</summary>
    public Duration? Keep { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Description { get; init; }
}

/// <summary>One property of a kind.</summary>
public sealed record PropertyDefinition
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type; default text. <see cref="TelemetryType.None"/> for one of a complex schema.</summary>
    public TelemetryType Type { get; init; } = TelemetryType.Text;

    /// <summary>Its unit, or null.</summary>
    public string? Unit { get; init; }

    /// <summary>True when the grid may ask for a value.</summary>
    public bool Writable { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Description { get; init; }
}

/// <summary>One command of a kind.</summary>
public sealed record CommandDefinition
{
    /// <summary>Its name; begins with a letter.</summary>
    public required string Name { get; init; }

    /// <summary>How long it may wait for its device where the sender says nothing; default 30 s.</summary>
    public Duration ExpiresIn { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A sentence for people.</summary>
    public string? Description { get; init; }
}

/// <summary>One model of a kind.</summary>
public sealed record ModelDefinition
{
    /// <summary>Its name, by which predictions are called.</summary>
    public required string Name { get; init; }

    /// <summary>The type that is registered for it, such as <c>PowerCurve</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The telemetry that it reads.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>The telemetry that it predicts, where it learns from one.</summary>
    public string? Output { get; init; }

    /// <summary>Options of its type; an undefined element for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public JsonElement Options { get; init; }
}

/// <summary>
/// An expression over telemetry, properties and predictions, and where it stands in its file.
/// </summary>
/// <param name="Text">The expression, such as <c>bearingTemperature > 85</c>.</param>
/// <param name="Line">The line in the file where it begins, from 1; 0 for one made in code.</param>
/// <param name="Column">The column of its first character, from 1; 0 for one made in code.</param>
[JsonConverter(typeof(PolicyExpressionConverter))]
public sealed record PolicyExpression(string Text, int Line = 0, int Column = 0)
{
    /// <summary>Takes an expression made in code.</summary>
    public static implicit operator PolicyExpression(string text) => new(text);

    /// <summary>The named form of the conversion from text.</summary>
    public static PolicyExpression FromString(string text) => new(text);

    internal sealed class PolicyExpressionConverter : JsonConverter<PolicyExpression>
    {
        public override PolicyExpression Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(reader.GetString() ?? throw new JsonException("expected an expression"));

        public override void Write(
            Utf8JsonWriter writer, PolicyExpression value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Text);
    }
}

/// <summary>Whether a policy only tells or also acts.</summary>
[JsonConverter(typeof(CamelCaseEnum<PolicyMode>))]
public enum PolicyMode : byte
{
    /// <summary>It raises its alarm and sends nothing; the default.</summary>
    Advise = 0,

    /// <summary>It also sends its command.</summary>
    Act = 1,
}

/// <summary>How bad an alarm is, after ISA-18.2 and X.733.</summary>
[JsonConverter(typeof(CamelCaseEnum<AlarmSeverity>))]
public enum AlarmSeverity : byte
{
    /// <summary>Worth knowing.</summary>
    Warning = 0,

    /// <summary>Attend to it.</summary>
    Minor = 1,

    /// <summary>Attend to it soon.</summary>
    Major = 2,

    /// <summary>Attend to it now.</summary>
    Critical = 3,
}

/// <summary>One policy of a kind.</summary>
public sealed record PolicyDefinition
{
    /// <summary>Its name and its alarm's.</summary>
    public required string Name { get; init; }

    /// <summary>A registered <see cref="IControlPolicy"/> type; default <c>Expression</c>.</summary>
    public string Type { get; init; } = "Expression";

    /// <summary>The condition that raises the alarm.</summary>
    public PolicyExpression? When { get; init; }

    /// <summary>How long the condition must hold, in source time; default not at all.</summary>
    public Duration For { get; init; }

    /// <summary>The condition that clears it; default: when <see cref="When"/> is false.</summary>
    public PolicyExpression? Clear { get; init; }

    /// <summary>How bad it is; default warning.</summary>
    public AlarmSeverity Severity { get; init; }

    /// <summary>Whether it also sends its command; default advise.</summary>
    public PolicyMode Mode { get; init; }

    /// <summary>The least time between two of its commands, in grid time; default none.</summary>
    public Duration Cooldown { get; init; }

    /// <summary>The command that it sends when its alarm is raised.</summary>
    public PolicyCommand? Command { get; init; }

    /// <summary>What must come true within some time of its command.</summary>
    public PolicyVerification? Verify { get; init; }

    /// <summary>Options of its type; an undefined element for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public JsonElement Options { get; init; }
}

/// <summary>The command that a policy sends.</summary>
public sealed record PolicyCommand
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its arguments; default an empty object.</summary>
    public RawJson Args { get; init; } = RawJson.EmptyObject;

    /// <summary>How long it may wait for its device; default the command's own, else 30 s.</summary>
    public Duration? ExpiresIn { get; init; }
}

/// <summary>
/// What must come true after a policy's command; else the alarm <c>{policy}.unverified</c> is raised.
/// </summary>
public sealed record PolicyVerification
{
    /// <summary>The condition.</summary>
    public required PolicyExpression Expect { get; init; }

    /// <summary>Within which time of the command, in grid time.</summary>
    public required Duration Within { get; init; }
}

/// <summary>Topics whose messages are readings of a kind.</summary>
public sealed record IngestMapping
{
    /// <summary>
    /// A topic with placeholders, such as <c>site/{site}/{key}/{telemetry}</c>; <c>{key}</c> is needed.
    /// </summary>
    public required string Topic { get; init; }

    /// <summary>The <see cref="IPayloadDecoder.Format"/> of the payload; default <c>json</c>.</summary>
    public string Payload { get; init; } = "json";
}
