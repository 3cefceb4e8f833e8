using TwinGrid.Dtdl;

namespace TwinGrid.Tests.Dtdl;

public class InterfaceTests
{
    [Fact]
    public void The_units_of_the_QuantitativeTypes_page_arrive_at_the_fields_of_an_object()
    {
        TwinDefinition sensor = Compile(
            """
            { "@type": "Telemetry", "name": "multimeter", "schema": { "@type": "Object", "fields": [
              { "@type": ["Field", "Temperature"], "name": "thermometer", "schema": "double", "unit": "degreeCelsius" },
              { "@type": ["Field", "Pressure"], "name": "barometer", "schema": "double", "unit": "millibar" },
              { "@type": ["Field", "RelativeHumidity"], "name": "humidityMeter", "schema": "integer",
                "unit": "percent" },
              { "@type": ["Field", "Velocity"], "name": "anemometer", "schema": "double",
                "unit": "metrePerSecond" } ] } }
            """);

        Assert.Equal(
            [
                ("multimeter.thermometer", "degreeCelsius"), ("multimeter.barometer", "millibar"),
                ("multimeter.humidityMeter", "percent"), ("multimeter.anemometer", "metrePerSecond"),
            ],
            sensor.Telemetry.Select(static t => (t.Name, t.Unit)));
        Assert.All(sensor.Telemetry, static t => Assert.Equal(TelemetryType.Number, t.Type));
    }

    [Theory]
    [InlineData("\"double\"", TelemetryType.Number)]
    [InlineData("\"float\"", TelemetryType.Number)]
    [InlineData("\"integer\"", TelemetryType.Number)]
    [InlineData("\"long\"", TelemetryType.Number)]
    [InlineData("\"boolean\"", TelemetryType.Boolean)]
    [InlineData("\"string\"", TelemetryType.Text)]
    [InlineData("\"date\"", TelemetryType.Text)]
    [InlineData("\"dateTime\"", TelemetryType.Text)]
    [InlineData("\"duration\"", TelemetryType.Text)]
    [InlineData("\"time\"", TelemetryType.Text)]
    [InlineData("\"point\"", TelemetryType.Position)]
    [InlineData("\"dtmi:dtdl:instance:Schema:double;3\"", TelemetryType.Number)]
    [InlineData("{ \"@type\": \"Enum\", \"valueSchema\": \"integer\" }", TelemetryType.Number)]
    [InlineData("{ \"@type\": \"Enum\", \"valueSchema\": \"string\" }", TelemetryType.Text)]
    public void A_schema_becomes_a_type(string schema, TelemetryType type)
    {
        TwinDefinition kind = Compile(
            $$"""
            { "@type": "Telemetry", "name": "t", "schema": {{schema}} },
            { "@type": "Property", "name": "p", "schema": {{schema}} }
            """);
        Assert.Equal(type, Assert.Single(kind.Telemetry).Type);
        Assert.Equal(type, Assert.Single(kind.Properties).Type);
    }

    [Theory]
    [InlineData("{ \"@type\": \"Array\", \"elementSchema\": \"double\" }", "an Array")]
    [InlineData(
        """
        { "@type": "Map", "mapKey": { "name": "k", "schema": "string" },
          "mapValue": { "name": "v", "schema": "double" } }
        """,
        "a Map")]
    [InlineData("\"polygon\"", "polygon")]
    public void A_schema_that_a_twin_cannot_hold_is_refused_in_telemetry_but_not_in_properties(
        string schema, string noun)
    {
        TwinDefinition kind = Compile($$"""{ "@type": "Property", "name": "p", "schema": {{schema}} }""");
        Assert.Equal(TelemetryType.None, kind.Properties[0].Type);

        DefinitionException e = Assert.Throws<DefinitionException>(
            () => Compile($$"""{ "@type": "Telemetry", "name": "t", "schema": {{schema}} }"""));
        Assert.StartsWith("device.json: $.contents[0].schema (line 2, ", e.Message, StringComparison.Ordinal);
        Assert.Contains($"cannot hold yet, {noun}: expected", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_interface_extends_comes_first_and_components_become_prefixes()
    {
        DefinitionText phone = new("phone.json", """
            [
              { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:com:example:Phone;2", "@type": "Interface",
                "extends": ["dtmi:com:example:Device;1", "dtmi:com:example:Radio;1"],
                "contents": [
                  { "@type": "Component", "name": "frontCamera", "schema": "dtmi:com:example:Camera;3" },
                  { "@type": "Component", "name": "backCamera", "schema": "dtmi:com:example:Camera;3" },
                  { "@type": "Relationship", "name": "owner" } ] },
              { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:com:example:Device;1", "@type": "Interface",
                "extends": "dtmi:com:example:Thing",
                "contents": { "@type": "Telemetry", "name": "battery", "schema": "double" } },
              { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:com:example:Radio;1", "@type": "Interface",
                "extends": "dtmi:com:example:Thing",
                "contents": { "@type": "Telemetry", "name": "signal", "schema": "double" } },
              { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:com:example:Thing", "@type": "Interface",
                "contents": { "@type": "Property", "name": "serial", "schema": "string",
                              "displayName": { "en": "Serial" },
                              "description": { "de": "Nummer", "en-US": "Number" } } }
            ]
            """);
        DefinitionText camera = new("camera.json", """
            { "@context": "dtmi:dtdl:context;2", "@id": "dtmi:com:example:Camera;3", "@type": "Interface",
              "contents": [
                { "@type": ["Telemetry", "Temperature"], "name": "temp", "schema": "double",
                  "unit": "degreeFahrenheit" },
                { "@type": "Property", "name": "zoom", "schema": "integer", "writable": true },
                { "@type": "Command", "name": "focus", "request": { "name": "at", "schema": "double" } } ] }
            """);

        TwinDefinition kind = DefinitionLoader.Parse(
            """{ "kind": "phone", "interface": "dtmi:com:example:Phone;2" }""", "phone.twin.json", camera, phone);

        Assert.Equal(
            ["battery", "signal", "frontCamera.temp", "backCamera.temp"], kind.Telemetry.Select(static t => t.Name));
        Assert.Equal("degreeFahrenheit", kind.Telemetry[3].Unit);
        Assert.Equal(
            [("serial", false), ("frontCamera.zoom", true), ("backCamera.zoom", true)],
            kind.Properties.Select(static p => (p.Name, p.Writable)));
        Assert.Equal("Number", kind.Properties[0].Description);
        Assert.Equal(["frontCamera.focus", "backCamera.focus"], kind.Commands.Select(static c => c.Name));
    }

    [Fact]
    public void A_schema_of_the_interface_is_reused_by_its_id()
    {
        TwinDefinition kind = Compile(
            """
            { "@type": "Telemetry", "name": "a1", "schema": "dtmi:com:example:acceleration;1" },
            { "@type": "Telemetry", "name": "a2", "schema": "dtmi:com:example:acceleration;1" }
            """,
            """
            "schemas": { "@id": "dtmi:com:example:acceleration;1", "@type": "Object", "fields": [
              { "name": "x", "schema": "double" }, { "name": "y", "schema": "double" } ] },
            """);
        Assert.Equal(["a1.x", "a1.y", "a2.x", "a2.y"], kind.Telemetry.Select(static t => t.Name));
    }

    /// <summary>The content of an interface; then what the message must have, from its beginning.</summary>
    public static TheoryData<string, string[]> WrongContents => new()
    {
        {
            """{ "@type": "Telemetrie", "name": "t", "schema": "double" }""",
            ["$.contents[0].@type", "'Telemetrie' is no type of DTDL version 3", "did you mean 'Telemetry'?"]
        },
        {
            """{ "@type": "Telemetry", "name": "t", "schema": "dubble" }""",
            ["$.contents[0].schema", "the text 'dubble'", "did you mean 'double'?"]
        },
        { """{ "@type": "Telemetry", "name": "t" }""", ["$.contents[0]", "a Telemetry needs a member 'schema'"] },
        {
            """{ "@type": "Telemetry", "name": "t!", "schema": "double" }""",
            ["$.contents[0].name", "the text 't!' is no name"]
        },
        {
            """{ "@type": "Telemetry", "name": "t", "schema": "double", "displayname": "T" }""",
            ["$.contents[0].displayname", "did you mean 'displayName'?"]
        },
        {
            """{ "@type": "Telemetry", "name": "t", "schema": "double", "unit": "kelvin" }""",
            ["$.contents[0].unit", "a unit needs a semantic type"]
        },
        {
            """{ "@type": ["Telemetry", "Temperature"], "name": "t", "schema": "double" }""",
            ["$.contents[0]", "a Telemetry needs a member 'unit'"]
        },
        {
            """{ "@type": ["Telemetry", "Temperature"], "name": "t", "schema": "double", "unit": "degreeCelsus" }""",
            ["$.contents[0].unit", "no unit of Temperature", "did you mean 'degreeCelsius'?"]
        },
        {
            """{ "@type": ["Telemetry", "Temperature"], "name": "t", "schema": "string", "unit": "kelvin" }""",
            ["$.contents[0].schema", "needs a number"]
        },
        {
            """{ "@type": "Telemetry", "name": "t", "schema": "dtmi:com:example:Gone;1" }""",
            ["$.contents[0].schema", "dtmi:com:example:Gone;1 is not in any file that was read"]
        },
        {
            """{ "@type": "Component", "name": "me", "schema": "dtmi:com:example:Device;1" }""",
            ["$ (line 1", "contains or extends itself"]
        },
        {
            """
            { "@type": "Telemetry", "name": "t", "schema": "double" },
            { "@type": "Property", "name": "t", "schema": "double" }
            """,
            ["$.contents[1]", "the name 't'", "is taken by"]
        },
        {
            """{ "@type": "Relationship", "name": "r", "minMultiplicity": 1 }""",
            ["$.contents[0].minMultiplicity", "the number 1 stands where 0 was expected"]
        },
        {
            """{ "@type": "Telemetry", "name": "t", "schema": { "@type": "Object" } }""",
            ["$.contents[0].schema", "an Object without fields"]
        },
        {
            """
            { "@type": "Telemetry", "name": "t", "schema": { "@type": "Enum", "valueSchema": "integer",
              "enumValues": [ { "name": "a", "enumValue": "1" } ] } }
            """,
            ["$.contents[0].schema.enumValues[0]", "is not of the enum's schema, integer"]
        },
        {
            """{ "@type": "Telemetry", "name": "seq", "schema": "double" }""",
            ["$.interface", "begins with 'seq', which is reserved in messages"]
        },
    };

    [Theory]
    [MemberData(nameof(WrongContents))]
    public void A_wrong_interface_is_refused_with_place_and_expectation(string contents, string[] parts)
    {
        DefinitionException e = Assert.Throws<DefinitionException>(() => Compile(contents));
        string file = parts[0] == "$.interface" ? "device.twin.json" : "device.json";
        Assert.StartsWith($"{file}: {parts[0]}", e.Message, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"dtmi:dtdl:context;4\"", "DTDL version 4 is not supported yet, it comes in a later version")]
    [InlineData("\"dtmi:dtdl:context;1\"", "no version of DTDL that is supported")]
    [InlineData(
        "[\"dtmi:dtdl:context;3\", \"dtmi:dtdl:extension:mqtt;1\"]",
        "the extension dtmi:dtdl:extension:mqtt;1 is not supported")]
    [InlineData(
        "[\"dtmi:dtdl:extension:quantitativeTypes;1\", \"dtmi:dtdl:context;3\"]",
        "must stand before the contexts of extensions")]
    [InlineData("{ \"name\": \"http://schema.org/name\" }", "local contexts are not part of DTDL")]
    [InlineData("[]", "names no version of DTDL")]
    public void A_context_that_is_not_read_is_refused_by_name(string context, string expected)
    {
        DefinitionText text =
            new("i.json", $$"""{ "@context": {{context}}, "@id": "dtmi:a;1", "@type": "Interface" }""");
        DefinitionException e = Assert.Throws<DefinitionException>(
            () => DefinitionLoader.Parse("""{ "kind": "k", "telemetry": {} }""", "k", text));
        Assert.StartsWith("i.json: $.@context", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void References_that_run_in_circles_end_in_a_sentence()
    {
        static string Interface(string name, string super) =>
            $$"""
            { "@context": "dtmi:dtdl:context;3", "@id": "dtmi:{{name}};1", "@type": "Interface",
              "extends": "dtmi:{{super}};1" }
            """;

        DefinitionText circle =
            new("c.json", $"[ {Interface("a", "b")}, {Interface("b", "c")}, {Interface("c", "b")} ]");
        DefinitionException e = Assert.Throws<DefinitionException>(
            () => DefinitionLoader.Parse("""{ "kind": "k", "telemetry": {} }""", "k", circle));
        Assert.Contains("the interface dtmi:b;1 contains or extends itself", e.Message, StringComparison.Ordinal);
        Assert.Contains("'extends' is more than 10 levels deep", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_telemetry_deeper_than_four_names_is_refused()
    {
        string schema = "\"double\"";
        for (int depth = 0; depth < 4; depth++)
        {
            schema = $$"""{ "@type": "Object", "fields": { "name": "f{{depth}}", "schema": {{schema}} } }""";
        }

        DefinitionException e = Assert.Throws<DefinitionException>(
            () => Compile($$"""{ "@type": "Telemetry", "name": "t", "schema": {{schema}} }"""));
        Assert.Contains("'t.f3.f2.f1.f0' is too deep or too long", e.Message, StringComparison.Ordinal);
    }

    private static TwinDefinition Compile(string contents, string members = "") => DefinitionLoader.Parse(
        """{ "kind": "device", "interface": "dtmi:com:example:Device;1" }""",
        "device.twin.json",
        new DefinitionText("device.json", $$"""
            { "@context": ["dtmi:dtdl:context;3", "dtmi:dtdl:extension:quantitativeTypes;1"], {{members}}
              "@id": "dtmi:com:example:Device;1", "@type": "Interface", "contents": [{{contents}}] }
            """));
}
