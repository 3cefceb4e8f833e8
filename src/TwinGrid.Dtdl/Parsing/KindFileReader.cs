using System.Text.Json;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>Reads a kind file, contracts section 5: the types and the members, not yet what they refer to.</summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class KindFileReader(ProblemList problems)
{
    /// <summary>Reads a kind file; what is wrong is reported and read as absent.</summary>
    public KindFile Read(JsonValue root)
    {
        if (!MemberReader.TryOpen(root, KindFileShapes.File, problems, out MemberReader file))
        {
            return new KindFile { Root = root };
        }

        file.Prose("$schema");
        return new KindFile
        {
            Root = root,
            Kind = file.Text("kind") ?? "",
            Version = file.Count("version") ?? 1,
            Interface = file.Text("interface", "a DTMI such as \"dtmi:com:example:Turbine;1\""),
            Telemetry = Read(file.Entries("telemetry"), KindFileShapes.Telemetry, ReadTelemetry),
            Properties = Read(file.Entries("properties"), KindFileShapes.Property, ReadProperty),
            Commands = Read(file.Entries("commands"), KindFileShapes.Command, ReadCommand),
            Models = Read(file.Items("models"), KindFileShapes.Model, ReadModel),
            Policies = Read(file.Items("policies"), KindFileShapes.Policy, ReadPolicy),
            Ingest = Read(file.Items("ingest"), KindFileShapes.Ingest, ReadIngest),
        };
    }

    /// <summary>The unit by its name; one that is not known stays as it is written, for the rules to report.</summary>
    private static string? ReadUnit(MemberReader members)
    {
        string? unit = members.Text("unit", "a unit such as \"degreeCelsius\"");
        return unit is not null && Units.TryGetName(unit, out string name) ? name : unit;
    }

    private static TelemetryDefinition ReadTelemetry(MemberReader members) => new()
    {
        Name = members.Value.Name!,
        Type = members.Word("type", Words.TelemetryTypes) ?? TelemetryType.Number,
        Unit = ReadUnit(members),
        Min = members.Number("min"),
        Max = members.Number("max"),
        Step = members.Number("step"),
        ExpectEvery = members.Duration("expectEvery", mayBeZero: false),
        Keep = members.Duration("keep", mayBeZero: false),
        Description = members.Prose("description"),
    };

    private static PropertyDefinition ReadProperty(MemberReader members) => new()
    {
        Name = members.Value.Name!,
        Type = members.Word("type", Words.TelemetryTypes) ?? TelemetryType.Text,
        Unit = ReadUnit(members),
        Writable = members.Boolean("writable") ?? false,
        Description = members.Prose("description"),
    };

    private static CommandDefinition ReadCommand(MemberReader members)
    {
        CommandDefinition command = new() { Name = members.Value.Name!, Description = members.Prose("description") };
        Duration? expiresIn = members.Duration("expiresIn", mayBeZero: false);
        return expiresIn is null ? command : command with { ExpiresIn = expiresIn.Value };
    }

    private ModelDefinition ReadModel(MemberReader members) => new()
    {
        Name = members.Text("name") ?? "",
        Type = members.Text("type", "the type of a model such as \"PowerCurve\"") ?? "",
        Inputs = ReadNames(members.Items("inputs")),
        Output = members.Text("output", "the name of a telemetry"),
        Options = members.Options("options"),
    };

    private PolicyDefinition ReadPolicy(MemberReader members)
    {
        PolicyDefinition policy = new()
        {
            Name = members.Text("name") ?? "",
            When = ReadExpression(members, "when"),
            For = members.Duration("for", mayBeZero: true) ?? default,
            Clear = ReadExpression(members, "clear"),
            Severity = members.Word("severity", Words.Severities) ?? AlarmSeverity.Warning,
            Mode = members.Word("mode", Words.Modes) ?? PolicyMode.Advise,
            Cooldown = members.Duration("cooldown", mayBeZero: true) ?? default,
            Command = Read(members.At("command"), KindFileShapes.PolicyCommand, ReadPolicyCommand),
            Verify = Read(members.At("verify"), KindFileShapes.Verification, ReadVerification),
            Options = members.Options("options"),
        };
        return members.Text("type", "the type of a policy") is { } type ? policy with { Type = type } : policy;
    }

    private static PolicyCommand ReadPolicyCommand(MemberReader members)
    {
        JsonElement args = members.Options("args");
        PolicyCommand command = new()
        {
            Name = members.Text("name", "the name of a command") ?? "",
            ExpiresIn = members.Duration("expiresIn", mayBeZero: false),
        };
        return args.ValueKind == JsonValueKind.Undefined
            ? command
            : command with { Args = new RawJson(JsonSerializer.Serialize(args, TwinGridJson.Default.JsonElement)) };
    }

    private static PolicyVerification ReadVerification(MemberReader members) => new()
    {
        Expect = ReadExpression(members, "expect") ?? new PolicyExpression(""),
        Within = members.Duration("within", mayBeZero: false) ?? default,
    };

    private static IngestMapping ReadIngest(MemberReader members)
    {
        IngestMapping mapping = new() { Topic = members.Text("topic") ?? "" };
        string? payload = members.Text("payload", "the format of a payload such as \"json\" or \"scalar\"");
        return payload is null ? mapping : mapping with { Payload = payload };
    }

    /// <summary>
    /// An expression and the place of its first character, behind the quote. An escape before a later character
    /// shifts that character's column, which is the price of expressions inside JSON.
    /// </summary>
    private static PolicyExpression? ReadExpression(MemberReader members, string name)
    {
        if (members.Text(name, "an expression such as \"temperature > 85\"") is not { } text)
        {
            return null;
        }

        JsonValue at = members.At(name)!;
        (int line, int column) = at.File.PositionOf(at.Start);
        return new PolicyExpression(text, line, column + 1);
    }

    private List<string> ReadNames(IReadOnlyList<JsonValue> items)
    {
        foreach (JsonValue item in items.Where(static item => item.Kind != JsonKind.Text))
        {
            problems.Add(item, $"{item.Describe()} stands where the name of a telemetry was expected");
        }

        return [.. items.Where(static item => item.Kind == JsonKind.Text).Select(static item => item.Text)];
    }

    private List<Located<T>> Read<T>(IReadOnlyList<JsonValue> values, ObjectShape shape, Func<MemberReader, T> read)
        where T : class
    {
        List<Located<T>> parts = [];
        foreach (JsonValue value in values)
        {
            if (Read(value, shape, read) is { } part)
            {
                parts.Add(new Located<T>(part, value));
            }
        }

        return parts;
    }

    private T? Read<T>(JsonValue? value, ObjectShape shape, Func<MemberReader, T> read)
        where T : class =>
        value is not null && MemberReader.TryOpen(value, shape, problems, out MemberReader members)
            ? read(members)
            : null;
}
