using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TwinGrid.Dtdl;
using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Tests.Dtdl;

/// <summary>Holds the JSON Schema, the reader and the page of the kind file to each other.</summary>
public class SchemaTests
{
    private const string Whole = """
        { "$schema": "s", "kind": "k", "version": 1, "interface": "dtmi:a;1",
          "telemetry": { "t": { "type": "number", "unit": "kPa", "min": 0, "max": 1, "step": 1, "expectEvery": "1s",
                                "keep": "1d", "description": "d" } },
          "properties": { "p": { "type": "number", "unit": "kPa", "writable": true, "description": "d" } },
          "commands": { "c": { "expiresIn": "1s", "description": "d" } },
          "models": [ { "name": "m", "type": "X", "inputs": ["t"], "output": "t", "options": {} } ],
          "policies": [ { "name": "p", "type": "Expression", "when": "t > 1", "for": "1s", "clear": "t < 1",
            "severity": "minor", "mode": "act", "cooldown": "1s", "options": {},
            "command": { "name": "c", "args": {}, "expiresIn": "1s" },
            "verify": { "expect": "t < 1", "within": "1s" } } ],
          "ingest": [ { "topic": "s/{key}", "payload": "json" } ] }
        """;

    private static readonly DefinitionText Interface =
        new("a.json", """{ "@context": "dtmi:dtdl:context;3", "@id": "dtmi:a;1", "@type": "Interface" }""");

    /// <summary>Each object: its place in the schema, and in the file above.</summary>
    private static readonly (string Definition, ObjectShape Shape, string[] Place)[] Objects =
    [
        ("", KindFileShapes.File, []),
        ("telemetry", KindFileShapes.Telemetry, ["telemetry", "t"]),
        ("property", KindFileShapes.Property, ["properties", "p"]),
        ("command", KindFileShapes.Command, ["commands", "c"]),
        ("model", KindFileShapes.Model, ["models", "0"]),
        ("policy", KindFileShapes.Policy, ["policies", "0"]),
        ("policyCommand", KindFileShapes.PolicyCommand, ["policies", "0", "command"]),
        ("verification", KindFileShapes.Verification, ["policies", "0", "verify"]),
        ("ingest", KindFileShapes.Ingest, ["ingest", "0"]),
    ];

    public static TheoryData<string, string> Members
    {
        get
        {
            TheoryData<string, string> members = [];
            foreach ((string definition, ObjectShape shape, _) in Objects)
            {
                members.AddRange(shape.Members.Select(member => (definition, member)));
            }

            return members;
        }
    }

    [Fact]
    public void The_schema_has_the_members_of_the_reader_and_no_other()
    {
        foreach ((string definition, ObjectShape shape, _) in Objects)
        {
            JsonNode schema = Definition(definition);
            Assert.False((bool)schema["additionalProperties"]!);
            Assert.Equal(shape.Members.Order(), schema["properties"]!.AsObject().Select(static p => p.Key).Order());
            Assert.Equal(
                shape.Required.Order(), (schema["required"]?.AsArray() ?? []).Select(static r => (string)r!).Order());
        }

        int objects = JsonNode.Parse(DefinitionLoader.Schema)!["$defs"]!.AsObject()
            .Count(static d => d.Value!["properties"] is not null);
        Assert.Equal(Objects.Length - 1, objects);
    }

    [Fact]
    public void The_schema_has_the_words_of_the_reader()
    {
        Assert.Equal(Words.TelemetryTypes.Keys, Enum(Definition("type")));
        Assert.Equal(Words.Severities.Keys, Enum(Definition("policy")["properties"]!["severity"]!));
        Assert.Equal(Words.Modes.Keys, Enum(Definition("policy")["properties"]!["mode"]!));

        static IEnumerable<string> Enum(JsonNode node) => node["enum"]!.AsArray().Select(static word => (string)word!);
    }

    [Fact]
    public void A_file_with_every_member_is_taken()
    {
        JsonNode whole = JsonNode.Parse(Whole)!;
        foreach ((_, ObjectShape shape, string[] place) in Objects)
        {
            Assert.Equal(shape.Members.Order(), At(whole, place).AsObject().Select(static p => p.Key).Order());
        }

        Assert.Equal("k", DefinitionLoader.Parse(Whole, "k", Interface).Kind);
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void Every_member_is_read_and_judged(string definition, string member)
    {
        JsonNode whole = JsonNode.Parse(Whole)!;
        string[] place = Objects.First(o => o.Definition == definition).Place;
        At(whole, place)[member] = null;

        DefinitionException e = Assert.Throws<DefinitionException>(
            () => DefinitionLoader.Parse(whole.ToJsonString(), "k", Interface));

        string path = string.Concat(
            place.Append(member).Select(static step => char.IsAsciiDigit(step[0]) ? $"[{step}]" : $".{step}"));
        Assert.Contains($"k: ${path} (line 1", e.Message, StringComparison.Ordinal);
        Assert.Contains("null stands where", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dottedName", "motor.temp", true)]
    [InlineData("dottedName", "a.b.c.d", true)]
    [InlineData("dottedName", "a.b.c.d.e", false)]
    [InlineData("dottedName", "temp_", false)]
    [InlineData("dottedName", "1st", false)]
    [InlineData("name", "overheat", true)]
    [InlineData("name", "a.b", false)]
    [InlineData("commandName", "set-point", true)]
    [InlineData("commandName", "_x", false)]
    [InlineData("duration", "500ms", true)]
    [InlineData("duration", "PT5M", true)]
    [InlineData("duration", "5 m", false)]
    public void The_patterns_of_the_schema_judge_as_the_reader_does(string definition, string text, bool valid)
    {
        Assert.Equal(valid, Regex.IsMatch(text, (string)Definition(definition)["pattern"]!));
        string file = definition switch
        {
            "name" => $$"""{ "kind": "k", "telemetry": {}, "models": [ { "name": "{{text}}", "type": "X" } ] }""",
            "commandName" => $$"""{ "kind": "k", "telemetry": {}, "commands": { "{{text}}": {} } }""",
            "duration" => $$"""{ "kind": "k", "telemetry": { "t": { "keep": "{{text}}" } } }""",
            _ => $$"""{ "kind": "k", "telemetry": { "{{text}}": {} } }""",
        };
        Assert.Equal(valid, Record.Exception(() => DefinitionLoader.Parse(file, "k")) is null);
    }

    [Theory]
    [InlineData("turbine", true)]
    [InlineData("a.b@c~d-e_f", true)]
    [InlineData("_own", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("...", true)]
    [InlineData("a/b", false)]
    public void The_schema_knows_a_kind_when_the_reader_does(string kind, bool valid)
    {
        Assert.Equal(valid, Regex.IsMatch(kind, (string)Definition("")["properties"]!["kind"]!["pattern"]!));
        string file = $$"""{ "kind": "{{kind}}", "telemetry": {} }""";
        Assert.Equal(valid, Record.Exception(() => DefinitionLoader.Parse(file, "k")) is null);
    }

    [Fact]
    public void The_schema_lies_beside_the_library() =>
        Assert.Equal(
            DefinitionLoader.Schema, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "twin.schema.json")));

    [Fact]
    public void The_page_names_every_member_and_its_example_is_taken()
    {
        string page = File.ReadAllText(PagePath());
        string example = Regex.Match(page, "```json\\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        DefinitionText pump = new(
            "pump.json",
            """{ "@context": "dtmi:dtdl:context;3", "@id": "dtmi:com:example:Pump;1", "@type": "Interface" }""");

        TwinDefinition kind = DefinitionLoader.Parse(example, "pump.twin.json", pump);

        Assert.Equal(["bearing.temperature", "flow", "running"], kind.Telemetry.Select(static t => t.Name));
        Assert.All(
            Objects.SelectMany(static o => o.Shape.Members).Distinct(),
            member => Assert.Matches($"`{Regex.Escape(member)}`", page));

        string mistyped = example.Replace("\"flow\"], \"options\"", "\"flwo\"], \"options\"", StringComparison.Ordinal);
        DefinitionException e = Assert.Throws<DefinitionException>(
            () => DefinitionLoader.Parse(mistyped, "pump.twin.json", pump));
        string shown = Regex.Match(page, "```text\\n(.*?)\\n```", RegexOptions.Singleline).Groups[1].Value;
        Assert.Equal(shown.Replace('\n', ' '), e.Message);
    }

    private static string PagePath()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string page = Path.Combine(folder.FullName, "src", "TwinGrid.Dtdl", "README.md");
            if (File.Exists(page))
            {
                return page;
            }
        }

        throw new FileNotFoundException("src/TwinGrid.Dtdl/README.md is not above the tests");
    }

    private static JsonNode Definition(string name)
    {
        JsonNode schema = JsonNode.Parse(DefinitionLoader.Schema)!;
        return name.Length == 0 ? schema : schema["$defs"]![name]!;
    }

    private static JsonNode At(JsonNode node, string[] place) => place.Aggregate(
        node, static (at, step) => at is JsonArray array ? array[int.Parse(step, null)]! : at[step]!);
}
