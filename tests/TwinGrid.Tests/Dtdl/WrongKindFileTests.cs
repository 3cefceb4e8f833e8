using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Dtdl;

/// <summary>Each wrong file is refused with its name, the place, what is there and what was expected.</summary>
public class WrongKindFileTests
{
    private static readonly DefinitionText Motor = new("motor.json", """
        {
          "@context": ["dtmi:dtdl:context;3", "dtmi:dtdl:extension:quantitativeTypes;1"],
          "@id": "dtmi:com:example:Motor;1",
          "@type": "Interface",
          "contents": [
            { "@type": ["Telemetry", "Temperature"], "name": "temp", "schema": "double", "unit": "degreeCelsius" },
            { "@type": "Telemetry", "name": "label", "schema": "string" },
            { "@type": "Property", "name": "limit", "schema": "double", "writable": true },
            { "@type": "Command", "name": "stop" },
            { "@type": "Relationship", "name": "weather" }
          ]
        }
        """);

    /// <summary>The file; then what the message must have: a line with the place, and the words.</summary>
    public static TheoryData<string, string[]> Files => new()
    {
        // The file itself.
        { "", ["line 1, column 1", "the file is empty"] },
        { "[]", ["$ (line 1, column 1)", "an array stands where a kind file, an object, was expected"] },
        { """{ "kind": "m", }""", ["line 1, column 16", "a comma stands before the closing bracket"] },
        { "{ // kind\n}", ["line 1, column 3", "JSON has no comments"] },
        { "{ \"kind\": \"m\",\n  \"version\": 0x1 }", ["line 2, column 15", "this is not JSON"] },
        {
            """{ "kind": "m", "telemetry": {}, "kind": "n" }""",
            ["$.kind (line 1, column 41)", "'kind' is there twice", "line 1, column 11"]
        },
        { """{ "kind": "m", "telemetry": { "\ud800": {} } }""", ["line 1, column 31", "half of a character"] },
        { """{ "telemetry": {} }""", ["$ (line 1, column 1)", "a kind file needs a member 'kind'"] },
        { """{ "kind": "m" }""", ["$ (line 1, column 1)", "needs 'interface' or 'telemetry'"] },
        {
            """{ "kind": 5, "telemetry": {} }""",
            ["$.kind (line 1, column 11)", "the number 5 stands where a text was expected"]
        },
        { """{ "kind": "a/b", "telemetry": {} }""", ["$.kind", "'a/b' is no kind", "1 to 128 characters"] },
        { """{ "kind": "_m", "telemetry": {} }""", ["$.kind", "a leading '_' is the grid's own"] },
        {
            """{ "kind": "m", "telemetry": {}, "version": 1.5 }""",
            ["$.version", "the number 1.5", "a whole number from 1"]
        },
        {
            """{ "kind": "m", "telemtry": {} }""",
            ["$.telemtry", "a kind file has no member 'telemtry'", "did you mean 'telemetry'?"]
        },
        {
            """{ "kind": "m", "telemetry": [] }""",
            ["$.telemetry", "an array stands where an object by name was expected"]
        },

        // The interface.
        {
            """{ "kind": "m", "interface": "Motor" }""",
            ["$.interface", "'Motor' is no interface's id", "dtmi:com:example:Turbine;1"]
        },
        {
            """{ "kind": "m", "interface": "dtmi:com:example:Moter;1" }""",
            ["$.interface", "not among the 1 that were read", "did you mean 'dtmi:com:example:Motor;1'?"]
        },
        {
            M(""" "telemetry": { "temp": { "unit": "kelvin" } } """),
            ["$.telemetry.temp.unit", "the text 'kelvin' contradicts the interface, which says 'degreeCelsius'"]
        },
        {
            M(""" "telemetry": { "temp": { "type": "text" } } """),
            ["$.telemetry.temp.type", "contradicts the interface, which says 'number'"]
        },
        {
            M(""" "properties": { "limit": { "writable": false } } """),
            ["$.properties.limit.writable", "false contradicts the interface, which says 'true'"]
        },
        {
            M(""" "telemetry": { "label": { "max": 5 } } """),
            ["$.telemetry.label.max", "a telemetry of type 'text' has no 'max'"]
        },

        // Telemetry.
        { T(""" "1st": {} """), ["$.telemetry.1st", "'1st' is no name of a telemetry", "begins with a letter"] },
        { T(""" "a.b.c.d.e": {} """), ["$.telemetry['a.b.c.d.e']", "at most four"] },
        { T(""" "a..b": {} """), ["$.telemetry['a..b']", "is no name of a telemetry"] },
        { T(""" "temp_": {} """), ["$.telemetry.temp_", "does not end in an underscore"] },
        { T(""" "seq": {} """), ["$.telemetry.seq", "begins with 'seq', which is reserved in messages"] },
        { T(""" "predictions.x": {} """), ["$.telemetry['predictions.x']", "reserved in expressions"] },
        { T(""" "motor": {}, "motor.temp": {} """), ["$.telemetry['motor.temp']", "'motor' is a telemetry itself"] },
        { T(""" "x": 5 """), ["$.telemetry.x", "the number 5 stands where a telemetry, an object, was expected"] },
        {
            T(""" "x": { "unit": "degreesCelsius" } """),
            ["$.telemetry.x.unit", "'degreesCelsius' is no known unit", "did you mean 'degreeCelsius'?"]
        },
        {
            T(""" "x": { "unit": "" } """),
            ["$.telemetry.x.unit", "a unit such as \"degreeCelsius\" that is not empty"]
        },
        {
            T(""" "x": { "type": "nummer" } """),
            ["$.telemetry.x.type", "number, boolean, text, position or waveform", "did you mean 'number'?"]
        },
        {
            T(""" "x": { "min": 5, "max": -5.5 } """),
            ["$.telemetry.x.min (line 1, column 45)", "min 5 is above max -5.5"]
        },
        { T(""" "x": { "max": "5" } """), ["$.telemetry.x.max", "the text '5' stands where a number was expected"] },
        { T(""" "x": { "max": 1e400 } """), ["$.telemetry.x.max", "the number 1e400", "a double can hold"] },
        { T(""" "x": { "step": 0 } """), ["$.telemetry.x.step", "a number above 0"] },
        { T(""" "x": { "expectEvery": "10 s" } """), ["$.telemetry.x.expectEvery", "the text '10 s'", "\"30s\""] },
        { T(""" "x": { "expectEvery": 10 } """), ["$.telemetry.x.expectEvery", "the number 10", "a duration"] },
        { T(""" "x": { "keep": "0s" } """), ["$.telemetry.x.keep", "at least 1ms"] },
        { T(""" "x": { "keep": "0.5ms" } """), ["$.telemetry.x.keep", "at least 1ms in whole ones"] },
        {
            T(""" "x": { "type": "boolean", "unit": "°C" } """),
            ["$.telemetry.x.unit", "a telemetry of type 'boolean' has no 'unit'"]
        },

        // Models.
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "inputs": ["tmp"] } ] """),
            [
                "$.models[0].inputs[0]",
                "'tmp' is no telemetry of this kind",
                "expected temp or label",
                "did you mean 'temp'?",
            ]
        },
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "inputs": ["label"] } ] """),
            ["$.models[0].inputs[0]", "'label' is of type 'text'", "numbers and booleans"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "inputs": ["weather.wind"] } ] """),
            ["$.models[0].inputs[0]", "through a relationship come in a later version"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "inputs": ["temp", "temp"] } ] """),
            ["$.models[0].inputs[1]", "the input 'temp' is there twice"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "inputs": "temp" } ] """),
            ["$.models[0].inputs", "the text 'temp' stands where an array was expected"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "Anomaly", "output": "x" } ] """),
            ["$.models[0].output", "'x' is no telemetry of this kind"]
        },
        { M(""" "models": [ { "name": "m" } ] """), ["$.models[0]", "a model needs a member 'type'"] },
        {
            M(""" "models": [ { "name": "a b", "type": "X" } ] """),
            ["$.models[0].name", "'a b' is no name of a model"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "X" }, { "name": "m", "type": "Y" } ] """),
            ["$.models[1].name", "the model 'm' is there twice"]
        },
        {
            M(""" "models": [ { "name": "m", "type": "X", "options": [] } ] """),
            ["$.models[0].options", "an array stands where an object was expected"]
        },

        // Policies.
        { M(""" "policies": [ { "name": "p" } ] """), ["$.policies[0]", "a policy needs a member 'when'"] },
        {
            M(""" "policies": [ { "name": "p", "wehn": "temp > 1" } ] """),
            ["$.policies[0].wehn", "did you mean 'when'?", "needs a member 'when'"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "" } ] """),
            ["$.policies[0].when", "an expression such as \"temperature > 85\" that is not empty"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "severity": "high" } ] """),
            ["$.policies[0].severity", "'high'", "warning, minor, major or critical"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "mode": "Act" } ] """),
            ["$.policies[0].mode", "'Act'", "advise or act", "did you mean 'act'?"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "mode": "act" } ] """),
            ["$.policies[0].mode", "the mode 'act' sends a command"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "for": "-5s" } ] """),
            ["$.policies[0].for", "'-5s'", "a duration"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "command": { "name": "stopp" } } ] """),
            ["$.policies[0].command.name", "'stopp' is no command of this kind", "did you mean 'stop'?"]
        },
        {
            T(
                """ "x": {} """,
                """ "policies": [ { "name": "p", "when": "x", "command": { "name": "set/point" } } ] """),
            ["$.policies[0].command.name", "'set/point' is no name of a command"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "command": "stop" } ] """),
            ["$.policies[0].command", "the text 'stop' stands where a policy's command, an object, was expected"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "command": { "name": "stop", "args": 5 } } ] """),
            ["$.policies[0].command.args", "an object was expected"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x", "verify": { "expect": "x", "within": "5m" } } ] """),
            ["$.policies[0].verify", "expected a member 'command'"]
        },
        {
            M(
                """
                "policies": [ { "name": "p", "when": "x", "command": { "name": "stop" }, "verify": { "expect": "x" } } ]
                """),
            ["$.policies[0].verify", "a verification needs a member 'within'"]
        },
        {
            M(""" "policies": [ { "name": "p", "when": "x" }, { "name": "p", "when": "x" } ] """),
            ["$.policies[1].name", "the policy 'p' is there twice"]
        },

        // Commands and ingest.
        { T(""" "x": {} """, """ "commands": { "1st": {} } """), ["$.commands.1st", "'1st' is no name of a command"] },
        { I("site/{site}/temp"), ["$.ingest[0].topic", "has no {key}"] },
        { I("spBv1.0/{group}/{key}"), ["$.ingest[0].topic", "is reserved"] },
        { I("opcua/{key}"), ["$.ingest[0].topic", "is reserved"] },
        { I("homeassistant/{key}"), ["$.ingest[0].topic", "is reserved"] },
        { I("$SYS/{key}"), ["$.ingest[0].topic", "is reserved"] },
        { I("{site}/{key}"), ["$.ingest[0].topic", "name its first level"] },
        { I("site/+/{key}"), ["$.ingest[0].topic", "the level '+' has an MQTT wildcard"] },
        { I("site/a{key}"), ["$.ingest[0].topic", "the level 'a{key}' is no placeholder"] },
        { I("site/{key}/{key}"), ["$.ingest[0].topic", "the placeholder '{key}' is there twice"] },
        {
            T(""" "x": {} """, """ "ingest": [ { "topic": "s/{key}", "payload": "scalar" } ] """),
            ["$.ingest[0].topic", "one level must be {telemetry}"]
        },
        {
            T(""" "x": {} """, """ "ingest": [ { "topic": "s/{a}/{key}" }, { "topic": "s/{key}/{b}" } ] """),
            ["$.ingest[1].topic", "matches the same messages as 's/{a}/{key}'"]
        },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_wrong_file_is_refused_with_place_and_expectation(string file, string[] parts)
    {
        DefinitionException e =
            Assert.Throws<DefinitionException>(() => DefinitionLoader.Parse(file, "motor.twin.json", Motor));

        Assert.Contains("\nmotor.twin.json: " + parts[0], "\n" + e.Message, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_of_a_file_come_at_once_in_the_order_of_the_file()
    {
        DefinitionException e = Assert.Throws<DefinitionException>(() => DefinitionLoader.Parse(
            """
            {
              "kind": "m",
              "telemetry": { "x": { "unit": "foo", "min": "low" } },
              "models": [ { "name": "m", "type": "X", "inputs": ["y"] } ],
              "policies": [ { "name": "p", "when": 5 } ]
            }
            """,
            "m.twin.json"));

        string[] lines = e.Message.Split('\n');
        Assert.Equal(
            [
                "$.telemetry.x.unit (line 3", "$.telemetry.x.min (line 3", "$.models[0].inputs[0] (line 4",
                "$.policies[0].when (line 5",
            ],
            lines.Select(static line => line["m.twin.json: ".Length..line.IndexOf(',', StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_file_with_very_many_problems_tells_fifty_and_their_number()
    {
        string entries = string.Join(", ", Enumerable.Range(0, 60).Select(static i => $"\"_{i}\": {{}}"));
        DefinitionException e = Assert.Throws<DefinitionException>(
            () => DefinitionLoader.Parse($$"""{ "kind": "m", "telemetry": { {{entries}} } }""", "m"));
        Assert.Equal(51, e.Message.Split('\n').Length);
        Assert.EndsWith("and 10 more", e.Message, StringComparison.Ordinal);
    }

    private static string M(string members) =>
        $$"""{ "kind": "m", "interface": "dtmi:com:example:Motor;1",{{members}}}""";

    private static string T(string telemetry, string members = "") =>
        $$"""{ "kind": "m", "telemetry": {{{telemetry}}}{{(members.Length == 0 ? "" : ",")}}{{members}}}""";

    private static string I(string topic) => T(""" "x": {} """, $$""" "ingest": [ { "topic": "{{topic}}" } ] """);
}
