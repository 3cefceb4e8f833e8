namespace TwinGrid.Tests.Models;

public sealed class PowerCurveTests(ITestOutputHelper output)
{
    [Fact]
    public void Before_anything_is_learnt_it_says_nothing()
    {
        RunningModel curve = RunningModel.PowerCurve();
        Assert.Equal("no windSpeed is known to predict power from", curve.Why);

        Assert.False(curve.Read(0, 8).HasValue);
        Assert.Equal("power at windSpeed 8 is not learnt yet", curve.Why);
        Assert.False(curve.ReadOutput(1, 8, 900).HasValue);
    }

    [Fact]
    public void A_straight_line_is_learnt_as_a_straight_line_and_no_staircase()
    {
        // power = 100 * wind everywhere, so what stands between two knots is on the line too.
        RunningModel curve = Learnt(wind => 100 * wind);
        for (double wind = 3; wind <= 22; wind += 0.05)
        {
            Assert.Equal(100 * wind, curve.Read(10_000, wind).Value, 15.0);
        }
    }

    [Fact]
    public void Between_knots_the_curve_of_a_rising_power_only_rises()
    {
        // A staircase would stand still between its steps; the cubic rises by at least 3 w² 0.01 per step of 0.01.
        RunningModel curve = Learnt(Cubic);
        double last = curve.Read(10_000, 2.99).Value;
        for (double wind = 3; wind <= 12; wind += 0.01)
        {
            double value = curve.Read(10_000, wind).Value;
            Assert.InRange(value - last, 0.1, 10);
            last = value;
        }
    }

    [Fact]
    public void The_prediction_is_made_before_the_output_is_learnt()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        RunningModel copy = curve.Copy();
        double before = copy.Read(10_000, 9.1).Value;

        Prediction said = curve.ReadBoth(10_000, 9.1, 98);
        Assert.Equal(before, said.Value);
        Assert.Equal(98 - before, said.Residual);
        Assert.Matches(
            @"^power is 81\d(\.\d)? below the 91\d(\.\d)? expected at windSpeed 9\.1 "
            + @"\(normal 9\d\d(\.\d)? to 9\d\d(\.\d)?\)$",
            curve.Why);
    }

    [Fact]
    public void An_output_in_a_message_of_its_own_is_held_against_the_last_input()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        curve.Read(10_000, 9);

        Prediction said = curve.ReadOutput(10_003, 9, 850);
        Assert.Equal(900, said.Value, 5.0);
        Assert.Equal(850 - said.Value, said.Residual);
    }

    [Fact]
    public void An_input_older_than_ten_minutes_explains_nothing()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        curve.Read(10_000, 9);

        Assert.True(curve.Copy().ReadOutput(10_600, 9, 850).HasValue);
        Assert.False(curve.Copy().ReadOutput(10_601, 9, 850).HasValue);
    }

    [Fact]
    public void An_input_that_is_not_a_number_explains_nothing()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        curve.Read(10_000, double.NaN);

        Assert.False(curve.ReadOutput(10_001, double.NaN, 850).HasValue);
    }

    [Fact]
    public void An_output_is_not_held_against_an_input_that_is_unknown_since()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        curve.Read(10_000, 9);

        Assert.False(curve.ReadOutput(10_003, double.NaN, 850).HasValue);
        Assert.Equal("no windSpeed is known to predict power from", curve.Why);
    }

    [Fact]
    public void One_curtailed_reading_in_ten_does_not_pull_the_curve_down()
    {
        // A mean would be pulled to 90 % of the curve.
        Noise noise = new(3);
        RunningModel curve = Learnt(wind => noise.Uniform() < 0.1 ? 0 : 100 * wind);
        double share = 0;
        for (int wind = 5; wind <= 22; wind++)
        {
            share += curve.Read(10_000, wind).Value / (100 * wind) / 18;
        }

        output.WriteLine($"the curve stands at {share:P1}");
        Assert.InRange(share, 0.96, 1);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.99)]
    public void The_interval_covers_what_it_claims_under_noise_that_grows_with_the_wind(double confidence)
    {
        Noise noise = new(4);
        RunningModel curve = RunningModel.PowerCurve($$"""{ "confidence": {{confidence}} }""");
        int held = 0;
        const int Readings = 40_000;
        for (int i = 0; i < 2 * Readings; i++)
        {
            double wind = 25 * noise.Uniform();
            double power = Cubic(wind) + (4 * wind * noise.Student(3));
            Prediction said = curve.ReadBoth(i, wind, power);
            held += i >= Readings && said.Lower <= power && power <= said.Upper ? 1 : 0;
        }

        output.WriteLine($"nominal {confidence:P1}, held {held / (double)Readings:P1}");
        Assert.InRange(held / (double)Readings, confidence - 0.02, confidence + 0.02);
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    public void The_range_of_the_input_need_not_be_known(double scale)
    {
        Noise noise = new(5);
        RunningModel curve = RunningModel.PowerCurve();
        for (int i = 0; i < 4000; i++)
        {
            double x = scale * ((noise.Uniform() * 10) - 5);
            curve.ReadBoth(i, x, 3 * x);
        }

        Assert.Equal(6, curve.Read(5000, 2 * scale).Value / scale, 0.1);
    }

    [Fact]
    public void One_wild_input_does_not_stretch_the_curve()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        Assert.False(curve.ReadBoth(10_000, 1e9, 500).HasValue);

        Assert.Equal(910, curve.Read(10_001, 9.1).Value, 5.0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(19)]
    public void One_wild_input_among_the_first_does_not_stretch_the_curve_for_good(int place)
    {
        Noise noise = new(8);
        RunningModel curve = RunningModel.PowerCurve();
        for (int i = 0; i < 5000; i++)
        {
            double wind = 25 * noise.Uniform();
            curve.ReadBoth(i, i == place ? 1e9 : wind, (100 * wind) + noise.Gaussian());
        }

        Assert.Equal(910, curve.Read(10_000, 9.1).Value, 5.0);
    }

    [Fact]
    public void A_wild_input_on_either_side_hides_none_on_the_other()
    {
        Noise noise = new(9);
        RunningModel curve = RunningModel.PowerCurve();
        for (int i = 0; i < 5000; i++)
        {
            double wind = 25 * noise.Uniform();
            curve.ReadBoth(i, i switch { 4 => -1e9, 7 => 1e9, _ => wind }, (100 * wind) + noise.Gaussian());
        }

        Assert.Equal(910, curve.Read(10_000, 9.1).Value, 5.0);
    }

    [Fact]
    public void Inputs_that_stay_far_away_are_learnt_in_the_end()
    {
        RunningModel curve = Learnt(wind => 100 * wind);
        for (int i = 0; i < 20; i++)
        {
            curve.ReadBoth(10_000 + i, 1000, 500);
        }

        Assert.Equal(500, curve.Read(10_020, 1000).Value, 5.0);
    }

    [Fact]
    public void Far_from_what_was_learnt_it_says_nothing()
    {
        RunningModel curve = Learnt(wind => 100 * wind);

        Assert.False(curve.Read(10_000, 60).HasValue);
    }

    [Fact]
    public void A_lasting_change_of_the_turbine_is_learnt_as_the_new_curve()
    {
        Noise noise = new(6);
        RunningModel curve = Learnt(wind => 100 * wind);
        for (int i = 0; i < 60_000; i++)
        {
            double wind = 25 * noise.Uniform();
            curve.ReadBoth(10_000 + i, wind, (90 * wind) + noise.Gaussian());
        }

        Assert.Equal(900, curve.Read(100_000, 10).Value, 20.0);
    }

    private static double Cubic(double wind) => Math.Min(2000, wind * wind * wind);

    private static RunningModel Learnt(Func<double, double> power)
    {
        Noise noise = new(1);
        RunningModel curve = RunningModel.PowerCurve();
        for (int i = 0; i < 5000; i++)
        {
            double wind = 25 * noise.Uniform();
            curve.ReadBoth(i, wind, power(wind) + noise.Gaussian());
        }

        return curve;
    }
}
