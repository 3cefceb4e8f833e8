using System.Text.Json;
using TwinGrid.ModelBench.Wind;

namespace TwinGrid.Tests.Models;

public sealed class PowerForecastTests(ITestOutputHelper output)
{
    private const ulong Both = 0b11;
    private const long Hour = 3600 * UnixMicroseconds.PerSecond;

    private readonly Noise _noise = new(3);
    private long _now;

    /// <summary>With a small random layer, for the tests' speed.</summary>
    internal static RunningModel Farm(string options = """{ "detail": 4 }""", int pairs = 1) => RunningModel.Start(
        new ModelDefinition
        {
            Name = "forecast",
            Type = "PowerForecast",
            Inputs = [.. Enumerable.Range(0, 2 * pairs).Select(i => $"wind{i}")],
            Output = "power",
            Options = JsonDocument.Parse(options).RootElement,
        });

    [Fact]
    public void It_says_nothing_before_it_has_learnt_five_hundred_hours()
    {
        RunningModel farm = Farm();
        Learn(farm, 501);
        Assert.Equal("501 outputs learnt; it speaks after 500, when the wind is known", farm.Why);
        Assert.False(farm.Prediction.HasValue);
        Learn(farm, 1);
        Assert.True(farm.Prediction.HasValue);
    }

    [Fact]
    public void It_states_an_interval_once_a_hundred_outcomes_of_what_it_expected_came()
    {
        RunningModel farm = Farm();
        Learn(farm, 601);
        Assert.True(farm.Prediction.HasValue);
        Assert.True(double.IsNaN(farm.Prediction.Lower) && double.IsNaN(farm.Prediction.Upper));
        Assert.True(double.IsNaN(farm.Prediction.Confidence));
        Assert.Matches("^at this wind 0[.0-9]* is expected; fewer than 100 outcomes tell ", farm.Why);
        Learn(farm, 1);
        Assert.Equal(0.9, farm.Prediction.Confidence);
        Assert.InRange(farm.Prediction.Value, farm.Prediction.Lower, farm.Prediction.Upper);
    }

    [Fact]
    public void It_learns_the_curve_of_the_farm_and_how_sure_it_may_be()
    {
        RunningModel farm = Farm();
        Learn(farm, 6000);
        int held = 0;
        double error = 0;
        for (int i = 0; i < 2000; i++)
        {
            (double east, double north, double power) = Draw();
            _now += Hour;
            Prediction said = farm.Send(_now, [east, north], Both);
            held += said.Lower <= power && power <= said.Upper ? 1 : 0;
            error += Math.Abs(said.Value - Curve(east, north)) / 2000;
            Assert.Equal(0.9, said.Confidence);
        }

        Assert.InRange(held, 1760, 1880);
        Assert.InRange(error, 0, 0.025);
    }

    [Fact]
    public void Looking_ahead_teaches_nothing()
    {
        RunningModel farm = Farm();
        Learn(farm, 1000);
        RunningModel other = farm.Copy();
        for (int i = 0; i < 24; i++)
        {
            farm.Send(_now + (i * Hour), [i, -i], Both);
        }

        _now += Hour;
        farm.Send(_now, [5, 5], Both);
        other.Send(_now, [5, 5], Both);
        Assert.Equal(other.Prediction.Value, farm.Prediction.Value);
        Assert.Equal(other.State, farm.State);
    }

    [Fact]
    public void Power_that_comes_after_its_weather_is_paired_with_it_and_old_weather_is_not()
    {
        RunningModel farm = Farm();
        Learn(farm, 1000);
        double[] before = [.. farm.State];
        farm.Send(_now + Hour, [5, 5], Both);
        farm.Send(_now + (3 * Hour), [5, 5], 0, 0.5, true);
        Assert.Equal(before[0], farm.State[0]);
        farm.Send(_now + (4 * Hour), [5, 5], Both);
        Prediction said = farm.Send(_now + (4 * Hour) + 1, [5, 5], 0, 0.5, true);
        Assert.Equal(before[0] + 1, farm.State[0]);
        Assert.Equal(0.5 - said.Value, said.Residual, 12);
    }

    [Fact]
    public void Weather_of_tomorrow_does_not_explain_the_power_of_now()
    {
        RunningModel farm = Farm();
        Learn(farm, 1000);
        farm.Send(_now + (24 * Hour), [5, 5], Both);
        double[] before = [.. farm.State];
        farm.Send(_now + Hour, [5, 5], 0, 0.5, true);
        Assert.Equal(before, farm.State);

        // Half an hour early is the farm's own clock.
        farm.Send(_now + (24 * Hour) - (Hour / 2), [5, 5], 0, 0.5, true);
        Assert.Equal(before[0] + 1, farm.State[0]);
    }

    [Fact]
    public void Wind_that_is_forecast_an_hour_early_or_late_is_told_by_the_hours_about()
    {
        // Of the farm's own hour the forecast knows little, of the mean over three hours all.
        (double alone, double hours) = Errors(Farm(), Farm(pairs: 4), (east, north) =>
        {
            double wrong = 4 * _noise.Gaussian();
            double[] about = [east + wrong, north, east, north, east - wrong, north, east - wrong, north];
            return (about[..2], about);
        });

        Assert.InRange(hours, 0, 0.6 * alone);
    }

    [Fact]
    public void The_capacity_is_the_unit_of_all_that_it_says()
    {
        RunningModel share = Farm();
        RunningModel kilowatts = Farm("""{ "capacity": 2000, "detail": 4 }""");
        for (int i = 0; i < 700; i++)
        {
            (double east, double north, double power) = Draw();
            share.Send(i * Hour, [east, north], Both, power, true);
            kilowatts.Send(i * Hour, [east, north], Both, 2000 * power, true);
        }

        Assert.Equal(2000 * share.Prediction.Value, kilowatts.Prediction.Value, 6);
        Assert.Equal(2000 * share.Prediction.Upper, kilowatts.Prediction.Upper, 6);
    }

    [Fact]
    public void What_another_place_shows_helps_where_the_own_wind_is_forecast_badly()
    {
        (double alone, double both) = Errors(Farm(), Farm(pairs: 2), (east, north) =>
        {
            double[] places = [east + (3 * _noise.Gaussian()), north, east, north];
            return (places[..2], places);
        });

        Assert.InRange(both, 0, 0.8 * alone);
    }

    [Fact]
    public void Where_the_weather_is_doubtful_the_interval_is_wider()
    {
        // Half of the time the wind of an hour before differs by 3 m/s, and then power errs four times as much.
        RunningModel farm = Farm(pairs: 3);
        for (int i = 0; i < 8000; i++)
        {
            (double east, double north, _) = Draw();
            double speed = Math.Sqrt((east * east) + (north * north)) + 0.01;
            double change = i % 2 == 0 ? 0 : 3 / speed;
            double power = Curve(east, north) + ((i % 2 == 0 ? 0.03 : 0.12) * _noise.Gaussian());
            double[] weather = [east, north, east, north, east * (1 + change), north * (1 + change)];
            _now += Hour;
            Pair(farm, weather, Math.Clamp(power, 0, 1));
        }

        // At 8.5 m/s half of the power; the speed changes by 0 or by 3 m/s.
        _now += Hour;
        Prediction calm = farm.Send(_now, [6, 6, 6, 6, 6, 6], 0b111111);
        _now += Hour;
        Prediction rough = farm.Send(_now, [6, 6, 6, 6, 8.1, 8.1], 0b111111);
        Assert.InRange((rough.Upper - rough.Lower) / (calm.Upper - calm.Lower), 1.7, 5);
    }

    [Fact]
    public void A_farm_that_was_learnt_for_a_year_is_forecast_better_than_by_its_climate()
    {
        WindFarm[] farms = WindFarm.ReadAll(Path.GetDirectoryName(PublicData.File("gefcom2014wind/Zone1.csv"))!);
        WindResult result = WindVerb.Predict(
            farms[0], farms, WindFarm.Day("20130301"), (_, _) => { }, """{ "detail": 16 }""");

        output.WriteLine($"skill {result.Skill:0.000} in March 2013");
        Assert.InRange(result.Skill, 0.40, 1);
    }

    [Fact]
    public void Wind_that_is_not_known_is_not_guessed()
    {
        RunningModel farm = Farm(pairs: 2);
        for (int i = 0; i < 700; i++)
        {
            (double east, double north, double power) = Draw();
            farm.Send(i * Hour, [east, north, double.NaN, double.NaN], 0b1111, power, true);
        }

        Prediction before = farm.Prediction;
        Assert.True(before.HasValue);
        Assert.Equal(before.At, farm.Send(701 * Hour, [double.NaN, 3, 3, 3], 0b1111).At);
    }

    [Fact]
    public void Whatever_weather_of_other_hours_and_places_comes_it_says_finite_numbers()
    {
        double[] edges = [double.NaN, double.PositiveInfinity, double.MinValue, 1e100, -1e100, 1e-300, 0];
        RunningModel farm = Farm("""{ "memory": 1000, "detail": 4 }""", pairs: 8);
        double[] weather = new double[16];
        for (int i = 0; i < 6000; i++)
        {
            (double east, double north, double power) = Draw();
            for (int k = 0; k < weather.Length; k++)
            {
                bool isEdge = k > 1 && _noise.Uniform() < 0.05;
                weather[k] = isEdge ? edges[(int)(_noise.Uniform() * edges.Length)]
                    : (k % 2 == 0 ? east : north) + _noise.Gaussian();
            }

            _now += Hour;
            Prediction said = Pair(farm, weather, power);
            Assert.True(!said.HasValue || said is { Value: >= 0 and <= 1 });
            Assert.True(i < 1000 || (said.Lower >= 0 && said.Lower <= said.Value));
            Assert.True(i < 1000 || (said.Upper <= 1 && said.Upper >= said.Value));
        }

        // The last sixteen are the weather last spoken of, NaN where it was none.
        Assert.All(farm.State[..^16], number => Assert.True(double.IsFinite(number)));
        Assert.DoesNotContain(farm.State, double.IsInfinity);
    }

    [Fact]
    public void Fifty_times_its_memory_wears_nothing_out()
    {
        RunningModel farm = Farm("""{ "memory": 1000, "detail": 4 }""");
        Learn(farm, 50_000);
        Assert.All(farm.State, number => Assert.True(double.IsFinite(number)));
        (double east, double north, _) = (6, 5, 0);
        Prediction said = farm.Send(_now + Hour, [east, north], Both);
        Assert.Equal(Curve(east, north), said.Value, 0.1);
    }

    [Fact]
    public void The_random_layer_is_the_same_every_time_and_its_size_an_option()
    {
        RunningModel small = Farm("""{ "detail": 0 }""");
        RunningModel one = Farm("{}");
        RunningModel other = Farm("{}");
        foreach (RunningModel farm in new[] { one, other })
        {
            farm.Send(0, [6, 5], Both, 0.5, true);
        }

        Assert.Equal(one.State, other.State);

        // What the one learner counts for; 14 knots, 24 of directions, 6 of times: 44 weights and half of 44 by 44;
        // 3 tables of 12 by 41; the size of errors at 12 knots; 20 weights of doubt and half of 20 by 20; 2 inputs and
        // 2 more.
        int doubt = 12 + 20 + (20 * 21 / 2);
        Assert.Equal(1 + 44 + (44 * 45 / 2) + (3 * 12 * 41) + doubt + 2 + 2, small.Model.StateLength);
        Assert.InRange(one.Model.StateLength, small.Model.StateLength + 80, 10_500);
    }

    [Theory]
    [InlineData(1, "power", "inputs: PowerForecast reads pairs of wind to the east and to the north, found 1 inputs")]
    [InlineData(2, null, "output: PowerForecast needs the telemetry to predict")]
    public void A_definition_that_does_not_fit_is_refused(int inputs, string? power, string problem)
    {
        var wrong = Assert.Throws<DefinitionException>(() => RunningModel.Start(new ModelDefinition
        {
            Name = "forecast",
            Type = "PowerForecast",
            Inputs = [.. Enumerable.Range(0, inputs).Select(i => $"wind{i}")],
            Output = power,
        }));
        Assert.Contains(problem, wrong.Message, StringComparison.Ordinal);
    }

    /// <summary>Nothing below 3 m/s, all from 12 on, the cube between; from the north a tenth less.</summary>
    private static double Curve(double east, double north)
    {
        double speed = Math.Sqrt((east * east) + (north * north));
        double share = Math.Clamp((Math.Pow(speed, 3) - 27) / (1728 - 27), 0, 1);
        return north > 0 ? share : 0.9 * share;
    }

    private (double East, double North, double Power) Draw()
    {
        double speed = 8 * Math.Sqrt(-Math.Log(1 - _noise.Uniform()));
        double direction = Math.Tau * _noise.Uniform();
        (double east, double north) = (speed * Math.Cos(direction), speed * Math.Sin(direction));
        return (east, north, Math.Clamp(Curve(east, north) + (0.05 * _noise.Gaussian()), 0, 1));
    }

    private void Learn(RunningModel farm, int hours)
    {
        for (int i = 0; i < hours; i++)
        {
            (double east, double north, double power) = Draw();
            _now += Hour;
            Pair(farm, [east, north], power);
        }
    }

    /// <summary>
    /// The mean errors of two farms with the same power over 2,000 hours, after as many that they learn from.
    /// </summary>
    /// <param name="first">One farm.</param>
    /// <param name="second">The other.</param>
    /// <param name="forecasts">Of the true wind to the east and to the north, the weather that each is shown.</param>
    private (double First, double Second) Errors(
        RunningModel first, RunningModel second, Func<double, double, (double[] First, double[] Second)> forecasts)
    {
        const int Hours = 2000;
        (double First, double Second) errors = (0, 0);
        for (int i = 0; i < 2 * Hours; i++)
        {
            (double east, double north, double power) = Draw();
            (double[] ofFirst, double[] ofSecond) = forecasts(east, north);
            _now += Hour;
            Prediction one = Pair(first, ofFirst, power);
            Prediction two = Pair(second, ofSecond, power);
            if (i >= Hours)
            {
                errors.First += Math.Abs(one.Residual) / Hours;
                errors.Second += Math.Abs(two.Residual) / Hours;
            }
        }

        return errors;
    }

    /// <summary>All of the weather of an hour with its power.</summary>
    private Prediction Pair(RunningModel farm, double[] weather, double power) =>
        farm.Send(_now, weather, (1UL << weather.Length) - 1, power, true);
}
