using System.Text;
using System.Text.Json;
using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Dtdl;

public class KindFileTests
{
    /// <summary>The turbine of contracts section 5, letter by letter but for line breaks.</summary>
    private const string Turbine = """
        { "$schema": "…", "kind": "turbine", "version": 1, "interface": "dtmi:twingrid:samples:Turbine;1",
          "telemetry": { "bearingTemperature": { "unit": "degreeCelsius", "min": -40, "max": 200, "step": 5,
                                                 "expectEvery": "10s", "keep": "400d" } },
          "models":   [ { "name": "power", "type": "PowerCurve", "inputs": ["windSpeed"], "output": "power",
                          "options": { } } ],
          "policies": [ { "name": "overheat", "when": "bearingTemperature > 85", "for": "30s",
                          "clear": "bearingTemperature < 80", "severity": "major",
                          "mode": "act", "cooldown": "60s", "command": { "name": "derate", "args": { "limit": 0.5 } },
                          "verify": { "expect": "bearingTemperature < 80", "within": "5m" } } ] }
        """;

    private static readonly DefinitionText TurbineInterface = new("turbine.json", """
        {
          "@context": ["dtmi:dtdl:context;3", "dtmi:dtdl:extension:quantitativeTypes;1"],
          "@id": "dtmi:twingrid:samples:Turbine;1",
          "@type": "Interface",
          "contents": [
            { "@type": ["Telemetry", "Velocity"], "name": "windSpeed", "schema": "double", "unit": "metrePerSecond" },
            { "@type": ["Telemetry", "Power"], "name": "power", "schema": "double", "unit": "kilowatt" },
            { "@type": "Telemetry", "name": "bearingTemperature", "schema": "double", "description": "At the rotor." },
            { "@type": "Property", "name": "serial", "schema": "string" },
            { "@type": "Command", "name": "derate", "description": "Limits the power." }
          ]
        }
        """);

    [Fact]
    public void The_turbine_of_the_contracts_reads_as_it_says()
    {
        TwinDefinition turbine = DefinitionLoader.Parse(Turbine, "turbine.twin.json", TurbineInterface);

        Assert.Equal(("turbine", 1, "turbine.twin.json"), (turbine.Kind, turbine.Version, turbine.Source));
        Assert.Equal("dtmi:twingrid:samples:Turbine;1", turbine.Interface);
        Assert.Equal(["windSpeed", "power", "bearingTemperature"], turbine.Telemetry.Select(static t => t.Name));
        Assert.Equal(
            new TelemetryDefinition
            {
                Name = "bearingTemperature", Type = TelemetryType.Number, Unit = "degreeCelsius", Min = -40, Max = 200,
                Step = 5, ExpectEvery = TimeSpan.FromSeconds(10), Keep = TimeSpan.FromDays(400),
                Description = "At the rotor.",
            },
            turbine.Telemetry[2]);
        ModelDefinition model = Assert.Single(turbine.Models);
        Assert.Equal(("power", "PowerCurve", "power"), (model.Name, model.Type, model.Output));
        Assert.Equal(["windSpeed"], model.Inputs);
        Assert.Equal(JsonValueKind.Object, model.Options.ValueKind);
        PolicyDefinition policy = Assert.Single(turbine.Policies);
        Assert.Equal(("overheat", "Expression"), (policy.Name, policy.Type));
        Assert.Equal((AlarmSeverity.Major, PolicyMode.Act), (policy.Severity, policy.Mode));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60)), (policy.For.Value, policy.Cooldown.Value));
        Assert.Equal(("derate", """{"limit":0.5}"""), (policy.Command!.Name, policy.Command.Args.Text));
        Assert.Equal(TimeSpan.FromMinutes(5), policy.Verify!.Within.Value);
        Assert.Equal("bearingTemperature < 80", policy.Verify.Expect.Text);
    }

    [Fact]
    public void What_is_left_out_has_the_defaults_of_the_page()
    {
        TwinDefinition pump = DefinitionLoader.Parse(
            """
            { "kind": "pump", "telemetry": { "flow": {} }, "properties": { "mode": {} }, "commands": { "stop": {} },
              "policies": [ { "name": "dry", "when": "flow < 1" } ], "ingest": [ { "topic": "plant/{key}" } ] }
            """,
            "pump.twin.json");

        Assert.Equal(1, pump.Version);
        Assert.Null(pump.Interface);
        Assert.Equal(new TelemetryDefinition { Name = "flow" }, Assert.Single(pump.Telemetry));
        Assert.Equal(TelemetryType.Number, pump.Telemetry[0].Type);
        Assert.Equal((TelemetryType.Text, false), (pump.Properties[0].Type, pump.Properties[0].Writable));
        Assert.Equal(TimeSpan.FromSeconds(30), pump.Commands[0].ExpiresIn.Value);
        Assert.Equal(
            new PolicyDefinition { Name = "dry", When = pump.Policies[0].When }, Assert.Single(pump.Policies));
        Assert.Equal((AlarmSeverity.Warning, PolicyMode.Advise), (pump.Policies[0].Severity, pump.Policies[0].Mode));
        Assert.Equal("json", pump.Ingest[0].Payload);
    }

    [Theory]
    [InlineData("\n", false)]
    [InlineData("\r\n", true)]
    public void An_expression_knows_the_place_of_its_first_character(string newline, bool withByteOrderMark)
    {
        string[] lines =
        [
            "{ \"kind\": \"pump\", \"telemetry\": { \"t\": {} }, \"policies\": [",
            "  { \"name\": \"a\", \"when\": \"t > 1\",",
            "    \"clear\": \"t < 1\" } ] }",
        ];
        string text = string.Join(newline, lines);
        byte[] bytes = [.. withByteOrderMark ? Encoding.UTF8.Preamble : [], .. Encoding.UTF8.GetBytes(text)];

        PolicyDefinition policy = DefinitionLoader.Parse(Encoding.UTF8.GetString(bytes), "p").Policies[0];

        Assert.Equal(
            new PolicyExpression("t > 1", 2, lines[1].IndexOf("t > 1", StringComparison.Ordinal) + 1), policy.When);
        Assert.Equal(
            new PolicyExpression("t < 1", 3, lines[2].IndexOf("t < 1", StringComparison.Ordinal) + 1), policy.Clear);
    }

    [Fact]
    public void Columns_count_as_editors_count()
    {
        const string Line = "{ \"telemetry\": { \"t\": { \"description\": \"°😀\" } }, \"kind\": \"p\", \"policies\": "
            + "[ { \"name\": \"a\", \"when\": \"t > 1\" } ] }";
        PolicyExpression when = DefinitionLoader.Parse(Line, "p").Policies[0].When!;
        Assert.Equal((1, Line.IndexOf("t > 1", StringComparison.Ordinal) + 1), (when.Line, when.Column));
    }

    [Fact]
    public void A_symbol_becomes_the_name_of_its_unit() =>
        Assert.Equal("kilopascal", DefinitionLoader.Parse(
            """{ "kind": "p", "telemetry": { "pressure": { "unit": "kPa" } } }""", "p").Telemetry[0].Unit);

    [Fact]
    public void Entries_of_the_file_refine_those_of_the_interface_and_new_ones_follow()
    {
        TwinDefinition turbine = DefinitionLoader.Parse(
            """
            { "kind": "t", "interface": "dtmi:twingrid:samples:Turbine;1",
              "telemetry": { "pitch": { "unit": "°" }, "power": { "unit": "kW", "max": 3600 },
                             "windSpeed": { "type": "number", "description": "At the hub." } },
              "properties": { "serial": { "description": "On the plate." } },
              "commands": { "derate": { "expiresIn": "PT5M" } } }
            """,
            "t",
            TurbineInterface);

        Assert.Equal(
            ["windSpeed", "power", "bearingTemperature", "pitch"], turbine.Telemetry.Select(static t => t.Name));
        Assert.Equal(("metrePerSecond", "At the hub."), (turbine.Telemetry[0].Unit, turbine.Telemetry[0].Description));
        Assert.Equal(("kilowatt", 3600), (turbine.Telemetry[1].Unit, turbine.Telemetry[1].Max));
        Assert.Equal("On the plate.", turbine.Properties[0].Description);
        CommandDefinition derate = Assert.Single(turbine.Commands);
        Assert.Equal((TimeSpan.FromMinutes(5), "Limits the power."), (derate.ExpiresIn.Value, derate.Description));
    }

    [Fact]
    public void A_definition_comes_back_from_its_json()
    {
        TwinDefinition turbine = DefinitionLoader.Parse(Turbine, "turbine.twin.json", TurbineInterface);
        string json = DefinitionLoader.ToJson(turbine);
        TwinDefinition back = DefinitionLoader.FromJson(json, "store");

        Assert.Equal(json, DefinitionLoader.ToJson(back));
        Assert.DoesNotContain('\n', json);
        Assert.Equal(turbine.Telemetry, back.Telemetry);
        Assert.Equal(turbine.Properties, back.Properties);
        Assert.Equal(turbine.Commands, back.Commands);
        Assert.Equal(turbine.Policies[0].Command, back.Policies[0].Command);
        Assert.Equal(turbine.Policies[0].When!.Text, back.Policies[0].When!.Text);
        Assert.Equal((turbine.Kind, turbine.Interface, "store"), (back.Kind, back.Interface, back.Source));
    }

    [Fact]
    public void A_definition_made_in_code_comes_back_too()
    {
        TwinDefinition pump = new()
        {
            Kind = "pump",
            Models = [new ModelDefinition { Name = "m", Type = "Anomaly" }],
            Policies = [new PolicyDefinition { Name = "p", When = "flow < 1" }],
        };
        TwinDefinition back = DefinitionLoader.FromJson(DefinitionLoader.ToJson(pump), "store");
        Assert.Equal(JsonValueKind.Undefined, back.Models[0].Options.ValueKind);
        Assert.Equal("flow < 1", back.Policies[0].When!.Text);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{ "kind": 5 }""")]
    public void A_stored_text_that_is_no_definition_says_so(string json)
    {
        DefinitionException e = Assert.Throws<DefinitionException>(() => DefinitionLoader.FromJson(json, "the store"));
        Assert.StartsWith("the store: $", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whitespace_alone_does_not_make_another_definition()
    {
        string Compact(string kind) => DefinitionLoader.ToJson(DefinitionLoader.Parse(kind, "p"));
        Assert.Equal(
            Compact("""{"kind":"p","telemetry":{},"models":[{"name":"a","type":"X","options":{"a":[1,2]}}]}"""),
            Compact(
                """
                { "kind": "p", "telemetry": { },
                  "models": [ { "name": "a", "type": "X", "options": { "a" : [ 1,  2 ] } } ] }
                """));
    }
}
