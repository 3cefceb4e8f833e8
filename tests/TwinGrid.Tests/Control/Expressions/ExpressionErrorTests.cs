using CsCheck;
using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Tests.Control.Expressions;

public class ExpressionErrorTests
{
    [Theory]
    [InlineData("", 1, "found the end; expected a number, a text, a name, a function or '('")]
    [InlineData("  ", 3, "found the end; expected a number, a text, a name, a function or '('")]
    [InlineData("power >", 8, "found the end; expected a number, a text, a name, a function or '('")]
    [InlineData("power > > 5", 9, "found '>'; expected a number")]
    [InlineData("power = 5", 7, "found '='; expected an operator (+ - * / % < <= > >= == != and or) or the end. ")]
    [InlineData("power = 5", 7, "Write == to compare")]
    [InlineData("power > 5 & power < 9", 11, "found '&'; expected an operator")]
    [InlineData("power > 5 power", 11, "found 'power'; expected an operator")]
    [InlineData("power > 5 AND power < 9", 11, "found 'AND'; expected an operator")]
    [InlineData("power > 5x", 10, "found 'x'; expected an operator")]
    [InlineData("and power > 5", 1, "found 'and'; expected a number, a text, a name")]
    [InlineData("power > 5 or", 13, "found the end; expected a number")]
    [InlineData("(power > 5", 11, "found the end; expected an operator or ')'")]
    [InlineData("power > 5)", 10, "found ')'; expected an operator")]
    [InlineData("max(power, ) > 5", 12, "found ')'; expected a number")]
    [InlineData("max(power 5) > 5", 11, "found '5'; expected an operator, ',' or ')'")]
    [InlineData("mode == 'eco", 9, "found ' of a text that is not closed")]
    [InlineData(@"mode == 'e\q'", 9, "found ' of a text that is not closed, or has a wrong escape")]
    [InlineData("power > 5 ° 3", 11, "found the character U+00B0; expected an operator")]
    [InlineData("power > 1e999", 9, "found 1e999; expected a number below 1.8e308")]
    public void Wrong_grammar_is_refused_where_it_is(string text, int column, string problem) =>
        AssertRefused(text, column, problem);

    [Theory]
    [InlineData("power", 1, "found power, which is a number; expected true or false, such as power > 0")]
    [InlineData("mode", 1, "found mode, which is a text; expected true or false, such as mode == 'on'")]
    [InlineData("power > 5 and windSpeed", 15, "found windSpeed, which is a number; expected true or false")]
    [InlineData("not power", 5, "found power, which is a number; expected true or false")]
    [InlineData("power > 'five'", 9, "found 'five', which is a text; expected a number to compare with power")]
    [InlineData("mode == 5", 9, "found 5, which is a number; expected a text to compare with mode")]
    [InlineData("doorOpen == 1", 13, "found 1, which is a number; expected true or false to compare with doorOpen")]
    [InlineData("mode < 'eco'", 1, "found mode, which is a text; expected a number before '<'")]
    [InlineData("doorOpen > false", 1, "found doorOpen, which is true or false; expected a number before '>'")]
    [InlineData("mode + 1 > 2", 1, "found mode, which is a text; expected a number")]
    [InlineData("-doorOpen > 2", 2, "found doorOpen, which is true or false; expected a number")]
    [InlineData("5 < power < 9", 10, "found a second comparison, '<', after 5 < power; expected 'and'")]
    [InlineData("position == position", 1, "is a position; expected one of its parts: position.lat, position.lon, ")]
    [InlineData("vibration > 5", 1, "is a waveform; expected one of its parts: vibration.rms, vibration.peak, ")]
    [InlineData("quality(power) == 'godo'", 19, "found 'godo'; expected 'good', 'uncertain', 'bad'")]
    [InlineData("within(1, 2, 3, power)", 17, "found power; expected a telemetry that is a position")]
    [InlineData("has(power + 1)", 5, "found power + 1; expected the name of a telemetry, prediction or property")]
    [InlineData("age(5) > 5", 5, "found 5; expected the name of a telemetry")]
    [InlineData("sqrt(1, 2) > 5", 1, "found 2 arguments in sqrt(); expected sqrt(x)")]
    [InlineData("max(power) > 5", 1, "found 1 argument in max(); expected max(x, y, …)")]
    public void Mixed_types_are_refused_where_they_are(string text, int column, string problem) =>
        AssertRefused(text, column, problem);

    [Theory]
    [InlineData("1 > bearingTemp", 5, "Did you mean 'bearingTemperature'? Known names: bearingTemperature, power, ")]
    [InlineData("Power > 1", 1, "Did you mean 'power'?")]
    [InlineData("zzz > 1", 1, "found the unknown name 'zzz'; expected a telemetry of this kind, predictions.{model}")]
    [InlineData("motor. > 1", 1, "Did you mean 'motor.temp'?")]
    [InlineData("position.latitude > 1", 1, "a part of position, which is a position. Known parts: lat, lon, alt")]
    [InlineData("vibration.kurtsis > 1", 1, "Did you mean 'kurtosis'? Known parts: rms, peak, crest, kurtosis, mean")]
    [InlineData("predictions.pwer.value > 1", 1, "Did you mean 'power'? Known models: power, wear")]
    [InlineData("predictions.power > 1", 1, "expected a field after predictions.power. Known fields: value, lower, ")]
    [InlineData("predictions.power.uper > 1", 1, "Did you mean 'upper'?")]
    [InlineData("properties.report.limit > 1", 1, "expected properties.reported.{name} or properties.desired.{name}")]
    [InlineData("properties.reported. > 1", 1, "expected properties.reported.{name} or properties.desired.{name}")]
    [InlineData("age(powr) > 1", 5, "found 'powr'; expected the name of a telemetry. Did you mean 'power'?")]
    [InlineData("average(power) > 1", 1, "found the unknown function 'average'; expected one of the functions")]
    [InlineData("qualty(power) > 1", 1, "Did you mean 'quality'? Known functions: abs, age, ")]
    public void An_unknown_name_is_refused_with_the_nearest_that_is_known(string text, int column, string problem) =>
        AssertRefused(text, column, problem);

    [Fact]
    public void A_property_that_the_kind_does_not_declare_is_refused_where_it_declares_some()
    {
        TwinDefinition definition = LiveTurbine.Definition with
        {
            Properties = [new() { Name = "limit", Type = TelemetryType.Number }],
        };

        Assert.Contains("Did you mean 'limit'? Known properties: limit", Refusal("properties.reported.limt > 1"));
        Assert.Contains("'limit' is a single value", Refusal("properties.reported.limit.low > 1"));

        string Refusal(string text) => Assert.Throws<DefinitionException>(
            () => CompiledExpression.Compile(definition, text, "$.policies[0].when")).Message;
    }

    [Fact]
    public void An_error_names_file_line_and_column_in_the_file()
    {
        // "when": "power > five" with the quote in column 15, so that the text begins in column 16: 16 + 8 = 24.
        PolicyExpression expression = new("power > five", Line: 12, Column: 16);

        DefinitionException error = Assert.Throws<DefinitionException>(
            () => CompiledExpression.Compile(LiveTurbine.Definition, expression, "$.policies[0].when"));

        Assert.StartsWith(
            "turbine.twin.json: line 12, column 24 ($.policies[0].when): found the unknown name 'five'", error.Message);
    }

    [Fact]
    public void Thirty_two_levels_are_read_and_more_refused()
    {
        Assert.Equal(Ternary.True, LiveTurbine.Compile(Nested(32)).Evaluate(LiveTurbine.With("")));
        AssertRefused(
            Nested(33),
            null,
            "found too many levels of parentheses, functions and prefix operators; expected at most 32");
        AssertRefused(new string('(', 1_024), null, "found too many levels");
        AssertRefused(new string('!', 1_000) + "true", null, "found too many levels");
        AssertRefused(new string('-', 1_000) + "1 > 0", null, "found too many levels");
        AssertRefused(string.Concat(Enumerable.Repeat("abs(", 200)), null, "found too many levels");

        static string Nested(int depth) => new string('(', depth) + "1 < 2" + new string(')', depth);
    }

    [Fact]
    public void A_chain_of_operators_is_no_nesting()
    {
        string sum = string.Join("+", Enumerable.Repeat("1", 400));

        Assert.Equal(Ternary.True, LiveTurbine.Compile($"{sum} == 400").Evaluate(LiveTurbine.With("")));
    }

    [Fact]
    public void A_long_expression_is_refused()
    {
        AssertRefused(new string(' ', 1_021) + "true", 1_025, "has 1025 characters; expected at most 1024");
        Assert.Equal(
            Ternary.True, LiveTurbine.Compile(new string(' ', 1_020) + "true").Evaluate(LiveTurbine.With("")));
    }

    [Fact]
    public void Random_text_compiles_and_evaluates_or_is_refused()
    {
        string[] words =
        [
            "power", "doorOpen", "mode", "position", "position.lat", "vibration.rms", "predictions.wear.value",
            "properties.reported.limit", "properties.desired.a.b", "1", "2.5e3", "'eco'", "\"", "'", "true", "false",
            "and", "or", "not", "!", "&&", "||", "(", ")", ",", "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==",
            "!=", "=", "abs(", "min(", "clamp(", "age(", "quality(", "has(", "within(", ".", "°", "\\", "\0", "1e999",
        ];
        Gen<string> sentences = Gen.OneOf(words).Array[0, 24].Select(parts => string.Join(' ', parts));
        LiveTurbine turbine = LiveTurbine.With("power = 5; position = 1, 2");
        int compiled = 0;

        Gen.OneOf(sentences, Gen.String[0, 64], Gen.String[Gen.Char[' ', '~'], 0, 1_100]).Sample(
            text =>
            {
                try
                {
                    CompiledExpression expression = LiveTurbine.Compile(text);
                    expression.Evaluate(turbine);
                    expression.NextChange(turbine);
                    Assert.NotEmpty(expression.Describe(turbine));
                    Interlocked.Increment(ref compiled);
                }
                catch (DefinitionException e)
                {
                    Assert.Contains("expected", e.Message);
                }
            },
            iter: 20_000);

        Assert.NotEqual(0, compiled);
    }

    private static void AssertRefused(string text, int? column, string problem)
    {
        DefinitionException error = Assert.Throws<DefinitionException>(() => LiveTurbine.Compile(text));

        string place = column is null ? "" : $"turbine.twin.json: expression column {column} ($.policies[0].when): ";
        Assert.StartsWith(place, error.Message);
        Assert.Contains(problem, error.Message);
    }
}
