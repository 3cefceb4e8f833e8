using System.Text.Json;
using System.Text.Json.Nodes;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

public sealed class RemainingLifeTrainerTests
{
    [Fact]
    public void The_same_histories_give_the_same_parameters() =>
        Assert.Equal(RemainingLifeFleet.Parameters.ToJson(), RemainingLifeFleet.Learn().ToJson());

    [Fact]
    public void Sensors_that_stand_still_or_say_nothing_of_life_are_left_out() =>
        Assert.Equal(["temperature", "pressure"], RemainingLifeFleet.Parameters.Sensors);

    [Fact]
    public void Two_speeds_are_two_regimes_with_levels_of_their_own()
    {
        OperatingRegime[] regimes = [.. RemainingLifeFleet.Parameters.Regimes.OrderBy(r => r.Centre[0])];
        Assert.Equal([1500.0, 3000.0], regimes.Select(regime => Math.Round(regime.Centre[0])));

        // 500 + 10 E[w] and 60 - 5 E[w], where E[w] is a third over a whole life.
        Assert.Equal(503.3, regimes[0].Means[0], 0.3);
        Assert.Equal(58.3, regimes[0].Means[1], 0.3);
        Assert.Equal(703.3, regimes[1].Means[0], 0.3);
    }

    [Theory]
    [InlineData(1e60)]
    [InlineData(1e-60)]
    public void The_unit_of_a_sensor_does_not_matter(double scale)
    {
        RemainingLifeTwin plain = RemainingLifeFleet.Twin();
        RemainingLifeTwin scaled = RemainingLifeFleet.Twin(RemainingLifeFleet.Learn(scale: scale));
        LifeHistory unit = RemainingLifeFleet.Make(1, seed: 7)[0];
        LifeHistory same = RemainingLifeFleet.Make(1, seed: 7, scale)[0];
        for (int row = 0; row < unit.Rows; row++)
        {
            // Rounding differs; training carries it on.
            Assert.Equal(plain.Send(unit, row).Value, scaled.Send(same, row).Value, 3.0);
        }
    }

    [Fact]
    public void Parameters_survive_json_and_a_member_that_nobody_knows()
    {
        RemainingLifeParameters parameters = RemainingLifeFleet.Parameters;
        JsonObject json = JsonNode.Parse(parameters.ToJson())!.AsObject();
        json["learntBy"] = "somebody";
        Assert.Equal(parameters.ToJson(), RemainingLifeParameters.Parse(json.ToJsonString()).ToJson());
    }

    [Theory]
    [InlineData("version", "2", "version 2, this program reads 1")]
    [InlineData("cap", "0", "cap, pace and medianLife must be above 0")]
    [InlineData("memories", "[5, 2]", "memories that rise")]
    [InlineData("radius", "-1", "a radius of -1")]
    [InlineData("networks", "[]", "networks of 8 inputs")]
    [InlineData("healthy", "[0]", "one of healthy per sensor")]
    [InlineData("regimes", "[]", "a regime with one number per setting and sensor")]
    public void Parameters_that_do_not_hold_together_are_refused(string member, string value, string problem)
    {
        JsonObject json = JsonNode.Parse(RemainingLifeFleet.Parameters.ToJson())!.AsObject();
        json[member] = JsonNode.Parse(value);
        var wrong = Assert.Throws<JsonException>(() => RemainingLifeParameters.Parse(json.ToJsonString()));
        Assert.Contains(problem, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Histories_that_cannot_be_learnt_from_are_named()
    {
        LifeHistory[] units = RemainingLifeFleet.Make(12, seed: 3);
        Assert.Contains("at least 10 units", Refused(units[..9]), StringComparison.Ordinal);

        LifeHistory[] shuffled = [units[0] with { Ages = [.. units[0].Ages.Reverse()] }, .. units[1..]];
        Assert.Contains("unit unit 0: row 1 has age", Refused(shuffled), StringComparison.Ordinal);

        LifeHistory[] unborn = [units[0] with { Ages = [.. units[0].Ages.Select(age => age - 9)] }, .. units[1..]];
        Assert.Contains("unit unit 0: row 0 has age -", Refused(unborn), StringComparison.Ordinal);

        LifeHistory[] blind = [.. units.Select(unit => unit with
        {
            Sensors = [.. unit.Sensors.Select(row => new[] { 1.0, 2.0, 3.0, 4.0 })],
        })];
        Assert.Contains("No sensor follows remaining life", Refused(blind), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_only_jitter_are_one_regime()
    {
        Noise noise = new(1);
        double[][] jitter = [.. Enumerable.Range(0, 3000).Select(_ => new[] { noise.Uniform(), 100.0 })];
        RegimeMap map = RegimeMap.Learn(jitter, 2);
        Assert.Single(map.Centres);
        Assert.Equal(0, map.Find([0.5, 100]));

        // A setting that never changed tells nothing; one that did is far off at fifty times its range.
        Assert.Equal(0, map.Find([0.5, 60]));
        Assert.Equal(-1, map.Find([50, 100]));
        Assert.Equal(-1, map.Find([double.NaN, 100]));
    }

    [Fact]
    public void An_interval_between_two_knots_lies_on_the_line_between_theirs()
    {
        LifeInterval interval = new([0, 10, 20], [0, 4, 10], [0, 10, 18], [2, 20, 20]);
        Assert.Equal((7, 14, 20), interval.At(15));
        Assert.Equal((0, 0, 2), interval.At(-5));
        Assert.Equal((10, 18, 20), interval.At(99));
    }

    [Fact]
    public void The_interval_holds_the_truth_as_often_as_asked()
    {
        // Truth = prediction + normal noise of 5: 90 % lie within 1.645 · 5 = 8.2 of the median.
        Noise noise = new(4);
        LifeIntervalFit fit = new(cap: 100);
        for (int i = 0; i < 20_000; i++)
        {
            double predicted = 100 * noise.Uniform();
            fit.Add(predicted, predicted + (5 * noise.Gaussian()), 1);
        }

        (double lower, double median, double upper) = fit.Fit(0.9).At(50);
        Assert.Equal(41.8, lower, 0.7);
        Assert.Equal(50, median, 0.5);
        Assert.Equal(58.2, upper, 0.7);
    }

    private static string Refused(LifeHistory[] histories) => Assert.Throws<ArgumentException>(
        () => RemainingLifeTrainer.Train(RemainingLifeFleet.Inputs, histories)).Message;
}
