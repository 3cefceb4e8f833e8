namespace TwinGrid.Tests.Models;

public sealed class ModelOptionsTests
{
    [Theory]
    [InlineData(
        "PowerCurve",
        """{ "bins": 40 }""",
        "options.bins: PowerCurve knows no such option: expected confidence, maxAge, memory")]
    [InlineData(
        "PowerCurve",
        """{ "confidence": "high" }""",
        "options.confidence: expected a number from 0.5 to 0.999 (0.9), found \"high\"")]
    [InlineData(
        "PowerCurve",
        """{ "confidence": 90 }""",
        "options.confidence: expected a number from 0.5 to 0.999 (0.9), found 90")]
    [InlineData(
        "PowerCurve",
        """{ "maxAge": 600 }""",
        "options.maxAge: expected a duration such as \"30s\" from 0s to 400d, found 600")]
    [InlineData("PowerCurve", "[]", "options: expected an object, found []")]
    [InlineData(
        "Anomaly",
        """{ "threshold": 1 }""",
        "options.threshold: expected a number from 0.5 to 0.99999 (0.99), found 1")]
    [InlineData(
        "Anomaly",
        """{ "Warmup": 30 }""",
        "options.Warmup: Anomaly knows no such option: expected threshold, warmup, memory, tell")]
    [InlineData("TrendToLimit", "{}", "options.limit: TrendToLimit needs it: expected a number")]
    [InlineData(
        "TrendToLimit",
        """{ "limit": null }""",
        "options.limit: expected a number from -1E+100 to 1E+100 (no default), found null")]
    [InlineData(
        "TrendToLimit",
        """{ "limit": 85, "direction": "up" }""",
        "options.direction: expected one of \"auto\", \"rising\", \"falling\", found \"up\"")]
    [InlineData(
        "TrendToLimit",
        """{ "limit": 85, "window": "soon" }""",
        "options.window: expected a duration such as \"30s\" from 100ms to 400d, found \"soon\"")]
    public void A_wrong_option_is_named_with_what_was_expected(string type, string options, string problem)
    {
        ModelDefinition definition = RunningModel.Define(type, options, "x", type == "PowerCurve" ? "y" : null);

        DefinitionException refusal = Assert.Throws<DefinitionException>(() => RunningModel.Start(definition));
        Assert.Equal($"model 'watch': {problem}", refusal.Message);
    }

    [Fact]
    public void Options_may_be_left_out()
    {
        ModelDefinition definition = new() { Name = "m", Type = "Anomaly", Inputs = ["x"] };

        Assert.Equal(3, RunningModel.Start(definition).Model.Version);
    }

    [Fact]
    public void Every_option_may_be_given()
    {
        RunningModel.PowerCurve("""{ "confidence": 0.95, "maxAge": "PT5M", "memory": 1000 }""");
        RunningModel.Anomaly("""{ "threshold": 0.999, "warmup": 60, "memory": 20000, "tell": "once" }""");
        RunningModel.TrendToLimit(
            """{ "limit": -5.5, "direction": "falling", "window": "10m", "confidence": 0.95, "horizon": "30d" }""");
    }

    [Fact]
    public void Inputs_and_outputs_are_checked()
    {
        ModelDefinition power = new() { Name = "m", Type = "PowerCurve", Inputs = ["windSpeed"] };
        ModelDefinition trend = new() { Name = "m", Type = "TrendToLimit", Inputs = ["a", "b"] };
        ModelDefinition anomaly = new() { Name = "m", Type = "Anomaly", Inputs = ["a"], Output = "b" };

        Assert.Equal("model 'm': output: PowerCurve needs the telemetry to predict", Refusal(power));
        Assert.Equal("model 'm': inputs: TrendToLimit reads exactly one telemetry, found 2", Refusal(trend));
        Assert.Equal("model 'm': output: Anomaly has no output: leave it out", Refusal(anomaly));
    }

    private static string Refusal(ModelDefinition definition) =>
        Assert.Throws<DefinitionException>(() => RunningModel.Start(definition)).Message;
}
