using CsCheck;
using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Tests.Control.Expressions;

public class ExpressionTimeTests
{
    private const long Second = UnixMicroseconds.PerSecond;

    // power was received 10 s ago, mode 4 s ago: the moments are differences of those by hand.
    [Theory]
    [InlineData("age(power) > 30", 20_000_001)]
    [InlineData("age(power) >= 30", 20_000_000)]
    [InlineData("age(power) < 30", 20_000_000)]
    [InlineData("age(power) <= 30", 20_000_001)]
    [InlineData("age(power) == 30", 20_000_000)]
    [InlineData("30 < age(power)", 20_000_001)]
    [InlineData("not age(power) > 30", 20_000_001)]
    [InlineData("age(power) > 10", 1)]
    [InlineData("age(power) == 10", 1)]
    [InlineData("age(power) / 60 > 0.5", 20_000_001)]
    [InlineData("2 * age(power) + 1 >= 61", 20_000_000)]
    [InlineData("60 - age(power) < 30", 20_000_001)]
    [InlineData("-age(power) < -30", 20_000_001)]
    [InlineData("age(power) + age(mode) >= 30", 8_000_000)]
    [InlineData("age(power) > 0.1 * windSpeed", 20_000_001)]
    [InlineData("age(power) > 30 or age(mode) > 10", 6_000_001)]
    [InlineData("age(power) > 30 and age(mode) > 10", 20_000_001)]
    [InlineData("age(power) < 30 and age(mode) < 10", 6_000_000)]
    [InlineData("windSpeed > 0 and age(power) > 30", 20_000_001)]
    [InlineData("windSpeed > 0 and not within(age(power), 0, 5, position)", 1_000_000)]
    [InlineData("floor(age(power)) > 30", 1_000_000)]
    [InlineData("age(power) * age(mode) > 30", 1_000_000)]
    public void The_next_change_is_when_an_age_crosses_its_bound(string expression, long microseconds) =>
        Assert.Equal(LiveTurbine.Start + microseconds, LiveTurbine.Compile(expression).NextChange(Turbine()));

    [Theory]
    [InlineData("windSpeed > 10")]
    [InlineData("age(power) > 5")]
    [InlineData("age(power) - age(mode) > 5")]
    [InlineData("age(power) > -1")]
    [InlineData("age(bearingTemperature) > 30")]
    [InlineData("windSpeed < 0 and age(power) > 30")]
    [InlineData("windSpeed > 0 or age(power) > 30")]
    [InlineData("age(power) > 1e30")]
    [InlineData("age(power) > motor.temp")]
    public void What_time_alone_cannot_change_has_no_next_change(string expression) =>
        Assert.Equal(long.MaxValue, LiveTurbine.Compile(expression).NextChange(Turbine()));

    [Fact]
    public void Nothing_changes_before_the_next_change_and_a_crossing_changes_at_it()
    {
        Gen<string> comparisons =
            from name in Gen.OneOf("power", "mode")
            from op in Gen.OneOf("<", "<=", ">", ">=", "==", "!=")
            from text in Gen.Int[0, 400].Select(tenths => $"{tenths / 10}.{tenths % 10}")
            from mirrored in Gen.Bool
            select mirrored ? $"{text} {op} age({name})" : $"age({name}) {op} {text}";
        Gen<string> conditions =
            from left in comparisons
            from right in comparisons
            from junction in Gen.OneOf("and", "or")
            from inverse in Gen.Bool
            select inverse ? $"not ({left} {junction} {right})" : $"{left} {junction} {right}";

        Gen.Select(Gen.OneOf(comparisons, conditions), Gen.Long[0, 30 * Second]).Sample((text, later) =>
        {
            CompiledExpression expression = LiveTurbine.Compile(text);
            LiveTurbine turbine = Turbine().At(LiveTurbine.Start + later);
            Ternary now = expression.Evaluate(turbine);
            long next = expression.NextChange(turbine);
            Assert.True(next > turbine.Now);
            long last = Math.Min(next - 1, turbine.Now + (60 * Second));
            Assert.Equal(now, expression.Evaluate(turbine.At(last)));
            Assert.Equal(now, expression.Evaluate(turbine.At((LiveTurbine.Start + later + last) / 2)));
        });
    }

    [Fact]
    public void Looking_at_each_next_change_finds_a_crossing_at_once()
    {
        CompiledExpression expression = LiveTurbine.Compile("age(power) > 12.3456789");
        LiveTurbine turbine = Turbine();
        int looks = 0;
        while (expression.Evaluate(turbine) != Ternary.True)
        {
            turbine.At(expression.NextChange(turbine));
            looks++;
        }

        // Received 10 s before the start; 12.3456789 s is passed at the first whole microsecond after it.
        Assert.Equal(LiveTurbine.Start + 2_345_679, turbine.Now);
        Assert.Equal(1, looks);
    }

    private static LiveTurbine Turbine() => LiveTurbine.With(
        "power = 1; mode = eco; windSpeed = 300; position = 1, 1; age(power) = 10; age(mode) = 4");
}
