using System.Globalization;
using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Tests.Control.Expressions;

public class ExpressionEvaluationTests
{
    private static readonly TwinDefinition _withProperties = LiveTurbine.Definition with
    {
        Properties =
        [
            new() { Name = "limit", Type = TelemetryType.Number, Unit = "kilowatt" },
            new() { Name = "site", Type = TelemetryType.None },
        ],
    };

    // Each value is worked out by hand from the usual rules of precedence.
    [Theory]
    [InlineData("1 + 2 * 3", 7)]
    [InlineData("(1 + 2) * 3", 9)]
    [InlineData("100 / 10 / 5", 2)]
    [InlineData("100 / (10 / 5)", 50)]
    [InlineData("10 - 4 - 3", 3)]
    [InlineData("2 * 3 % 4", 2)]
    [InlineData("-2 * -3", 6)]
    [InlineData("--2", 2)]
    [InlineData("1 - -1", 2)]
    [InlineData("1e3 + .5", 1000.5)]
    [InlineData("2E-3 * 1e+3", 2)]
    [InlineData("1.25", 1.25)]
    [InlineData("7.5 % 2", 1.5)]
    [InlineData("max(1, min(5, 3), 2)", 3)]
    [InlineData("clamp(-4, 0, 10)", 0)]
    [InlineData("clamp(5, 10, 0)", 0)]
    [InlineData("sqrt(3 * 3 + 4 * 4)", 5)]
    [InlineData("abs(-2.5) + ceil(0.1) + floor(0.9)", 3.5)]
    [InlineData("round(0.5) + round(1.5) + round(-0.4)", 3)]
    public void Arithmetic_follows_the_usual_precedence(string expression, double value)
    {
        LiveTurbine turbine = LiveTurbine.With(string.Create(CultureInfo.InvariantCulture, $"power = {value}"));

        Assert.Equal(Ternary.True, LiveTurbine.Compile($"{expression} == power").Evaluate(turbine));
        Assert.Equal(Ternary.False, LiveTurbine.Compile($"power != {expression}").Evaluate(turbine));
    }

    [Theory]
    [InlineData("true or true and false", true)]
    [InlineData("(true or true) and false", false)]
    [InlineData("not false and false", false)]
    [InlineData("not (false and false)", true)]
    [InlineData("not 1 > 2", true)]
    [InlineData("not not true", true)]
    [InlineData("!false == true", true)]
    [InlineData("1 + 1 > 1 and 2 < 1 + 2", true)]
    [InlineData("(1 > 2) == (3 > 4)", true)]
    [InlineData("(1 > 2) != (4 > 3)", true)]
    [InlineData("1 < 1 || 1 <= 1 && 1 >= 1 && !(1 > 1)", true)]
    [InlineData("'a' == \"a\" and 'it\\'s' == \"it's\" and '' != ' '", true)]
    public void Logic_binds_looser_than_comparison_and_and_tighter_than_or(string expression, bool truth) =>
        Assert.Equal(
            truth ? Ternary.True : Ternary.False, LiveTurbine.Compile(expression).Evaluate(LiveTurbine.With("")));

    // S. C. Kleene, Introduction to Metamathematics (1952), section 64: the strong tables.
    [Theory]
    [InlineData("TTT", "TUU", "TFF", "UTU", "UUU", "UFF", "FTF", "FUF", "FFF")]
    public void And_is_kleenes(params string[] table) => CheckTable("and", table);

    [Theory]
    [InlineData("TTT", "TUT", "TFT", "UTT", "UUU", "UFU", "FTT", "FUU", "FFF")]
    public void Or_is_kleenes(params string[] table) => CheckTable("or", table);

    [Theory]
    [InlineData("TTT", "TUU", "TFF", "UTU", "UUU", "UFU", "FTF", "FUU", "FFT")]
    public void Equality_of_truths_is_kleenes_equivalence(params string[] table) => CheckTable("==", table);

    [Theory]
    [InlineData("power > 1")]
    [InlineData("power == power")]
    [InlineData("abs(-power) >= 0")]
    [InlineData("min(power, 1) < 5")]
    [InlineData("power * 0 == 0")]
    [InlineData("doorOpen")]
    [InlineData("mode == 'eco'")]
    [InlineData("quality(power) != 'good'")]
    [InlineData("age(power) > 1")]
    [InlineData("predictions.wear.upper > 1")]
    [InlineData("position.lat > 0")]
    [InlineData("vibration.kurtosis > 3")]
    [InlineData("within(0, 0, 1, position)")]
    [InlineData("properties.desired.limit > 1")]
    [InlineData("properties.desired.limit == properties.reported.limit")]
    [InlineData("1 / 0 > 0")]
    [InlineData("1 % 0 == 0")]
    [InlineData("sqrt(-1) >= 0")]
    public void What_is_made_of_a_missing_value_is_unknown(string expression)
    {
        LiveTurbine nothing = LiveTurbine.With("");

        Assert.Equal(Ternary.Unknown, LiveTurbine.Compile(expression).Evaluate(nothing));
        Assert.Equal(Ternary.Unknown, LiveTurbine.Compile($"not ({expression})").Evaluate(nothing));
    }

    [Theory]
    [InlineData("power", "power = 1", true)]
    [InlineData("power", "power = 1; quality(power) = uncertain", true)]
    [InlineData("power", "power = 1; quality(power) = bad", false)]
    [InlineData("mode", "mode = eco", true)]
    [InlineData("position", "position = 1, 2", true)]
    [InlineData("position.lat", "position = 1, 2", true)]
    [InlineData("position.alt", "position = 1, 2", false)]
    [InlineData("vibration", "vibration.rms = 1", true)]
    [InlineData("predictions.wear.value", "predictions.wear.value = 1", true)]
    [InlineData("properties.reported.a.b", "properties.reported.a.b = text", true)]
    [InlineData("properties.desired.a.b", "properties.reported.a.b = text", false)]
    public void Has_tells_whether_there_is_a_value(string name, string values, bool has)
    {
        CompiledExpression expression = LiveTurbine.Compile($"has({name})");

        Assert.Equal(has ? Ternary.True : Ternary.False, expression.Evaluate(LiveTurbine.With(values)));
        Assert.Equal(Ternary.False, expression.Evaluate(LiveTurbine.With("")));
    }

    [Theory]
    [InlineData("properties.reported.limit > 5", "properties.reported.limit = 6", "True")]
    [InlineData("properties.reported.limit > 5", "properties.reported.limit = 'six'", "Unknown")]
    [InlineData("properties.reported.site.name == 'north'", "properties.reported.site.name = north", "True")]
    [InlineData("properties.reported.site.awake", "properties.reported.site.awake = true", "True")]
    [InlineData(
        "properties.reported.site.a == properties.desired.site.a",
        "properties.reported.site.a = 1; properties.desired.site.a = text",
        "False")]
    public void A_property_has_its_declared_type_or_the_one_its_place_needs(string text, string values, string truth)
    {
        CompiledExpression expression = CompiledExpression.Compile(_withProperties, text, "$.policies[0].when");

        Assert.Equal(truth, expression.Evaluate(LiveTurbine.With(values)).ToString());
        Assert.True(expression.ReadsProperties);
    }

    [Fact]
    public void An_infinite_bound_compares_as_a_number()
    {
        LiveTurbine never = LiveTurbine.With("predictions.wear.upper = Infinity");

        Assert.Equal(Ternary.False, LiveTurbine.Compile("predictions.wear.upper < 3600").Evaluate(never));
    }

    // Berlin 52.5200 N 13.4050 E to Hamburg 53.5511 N 9.9937 E is 255.3 km along the great circle.
    [Theory]
    [InlineData(255_000, false)]
    [InlineData(255_600, true)]
    public void Distances_are_those_of_the_great_circle(int metres, bool inside) =>
        Assert.Equal(
            inside ? Ternary.True : Ternary.False,
            LiveTurbine.Compile($"within(52.52, 13.405, {metres}, position)")
                .Evaluate(LiveTurbine.With("position = 53.5511, 9.9937")));

    [Fact]
    public void An_expression_knows_what_it_reads()
    {
        CompiledExpression expression = LiveTurbine.Compile(
            "motor.temp > predictions.wear.upper and has(power) and not within(1, 2, age(mode), position)");

        Assert.Equal(["power", "motor.temp", "mode", "position"], expression.TelemetrySlots.Select(Name));
        Assert.Equal([1], expression.ModelsRead);
        Assert.True(expression.ReadsAge);
        Assert.False(expression.ReadsProperties);
        Assert.False(LiveTurbine.Compile("power > 1").ReadsAge);

        static string Name(int slot) => LiveTurbine.Definition.Telemetry[slot].Name;
    }

    [Theory]
    [InlineData("bearingTemperature > 85 and power > 100")]
    [InlineData("not (abs(predictions.power.residual) > 3 * predictions.power.upper) or age(power) > 30 and doorOpen")]
    [InlineData("mode == 'eco' and quality(power) == 'bad' and within(54, 8, 500, position) and vibration.rms > 2")]
    public void Evaluation_allocates_nothing(string text)
    {
        CompiledExpression expression = LiveTurbine.Compile(text);
        LiveTurbine turbine = LiveTurbine.With(
            "bearingTemperature = 90; power = 90; doorOpen = true; mode = eco; position = 54, 8; vibration.rms = 3");
        expression.Evaluate(turbine);
        expression.NextChange(turbine);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            expression.Evaluate(turbine);
            expression.NextChange(turbine);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void CheckTable(string op, string[] table)
    {
        Dictionary<char, string> values = new() { ['T'] = "doorOpen = true", ['F'] = "doorOpen = false", ['U'] = "" };
        foreach (string row in table)
        {
            string left = row[0] switch { 'T' => "power > 0", 'F' => "power < 0", _ => "windSpeed > 0" };
            LiveTurbine turbine = LiveTurbine.With($"power = 1; {values[row[1]]}");
            Ternary truth = LiveTurbine.Compile($"({left}) {op} doorOpen").Evaluate(turbine);
            Assert.Equal((row, row[2]), (row, truth.ToString()[0]));
        }
    }
}
