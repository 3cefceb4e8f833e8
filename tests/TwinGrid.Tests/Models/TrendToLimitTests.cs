namespace TwinGrid.Tests.Models;

public sealed class TrendToLimitTests(ITestOutputHelper output)
{
    [Fact]
    public void At_20_and_rising_by_half_a_degree_a_second_85_is_130_seconds_away()
    {
        // (85 - 20) / 0.5 = 130, by arithmetic.
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        Prediction said = Line(trend, from: 10, slope: 0.5, seconds: 20);

        Assert.Equal(130, said.Value, 1e-6);
        Assert.Equal(130, said.Horizon, 1e-6);
        Assert.Equal(130, said.Lower, 1e-3);
        Assert.Equal(130, said.Upper, 1e-3);
        Assert.Equal(20, said.Expected, 1e-9);
        Assert.Equal(85, said.Threshold);
        Assert.Equal(0.99, said.Confidence);
        Assert.Equal(
            "bearingTemperature is 20 and rising 0.5 per second: it reaches 85 in 2 min 10 s "
            + "(2 min 10 s to 2 min 10 s at 99% confidence)",
            trend.Why);
    }

    [Fact]
    public void A_floor_is_reached_from_above()
    {
        // From 60 down by 2 a second from t = 0: at t = 10 it is 40, and (40 - 10) / 2 = 15.
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 10 }""");
        Prediction said = Line(trend, from: 60, slope: -2, seconds: 10);

        Assert.Equal(15, said.Value, 1e-6);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(1)]
    [InlineData(600)]
    [InlineData(86_400)]
    public void The_default_window_fits_any_rate_of_readings(double every)
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 100 }""");
        for (int i = 0; i <= 50; i++)
        {
            trend.Read(i * every, i);
        }

        Assert.Equal(50 * every, trend.Prediction.Value, 1e-4 * every);
    }

    [Fact]
    public void A_named_window_forgets_what_is_older()
    {
        // Falls for 1,000 s, then rises by 1 a second: a window of 5 s knows only the rise after 60 s of it.
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 500, "window": "5s", "horizon": "1h" }""");
        for (int i = 0; i < 1000; i++)
        {
            trend.Read(i, 1000 - i - 600);
        }

        Prediction said = default;
        for (int i = 0; i <= 60; i++)
        {
            said = trend.Read(1000 + i, -600 + i);
        }

        // At -540 and 1 a second: (500 + 540) / 1 = 1,040; of what came before e^-12 is left.
        Assert.Equal(1040, said.Value, 1.0);
    }

    [Theory]
    [InlineData("10m", true)]
    [InlineData("2m", false)]
    public void What_lies_beyond_the_horizon_is_not_said(string horizon, bool said)
    {
        // 130 s away, as above.
        RunningModel trend = RunningModel.TrendToLimit($$"""{ "limit": 85, "horizon": "{{horizon}}" }""");

        Assert.Equal(said, Line(trend, from: 10, slope: 0.5, seconds: 20).HasValue);
    }

    [Fact]
    public void A_reversal_ends_the_warning()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        Assert.True(Line(trend, from: 20, slope: 0.5, seconds: 60).HasValue);
        int seconds = 0;
        do
        {
            seconds++;
            trend.Read(60 + seconds, 50 - (0.5 * seconds));
        }
        while (trend.Prediction.HasValue && seconds < 100);

        output.WriteLine($"the warning ended {seconds} s after the reversal");
        Assert.InRange(seconds, 1, 30);
    }

    [Fact]
    public void At_or_beyond_the_limit_it_says_0()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        Line(trend, from: 20, slope: 0.5, seconds: 10);

        Assert.Equal(0, trend.Read(11, 85).Value);
        Assert.Equal(0, trend.Read(12, 91).Value);
        Assert.Equal("bearingTemperature is 91, not below its limit 85", trend.Why);
    }

    [Fact]
    public void A_named_direction_holds_for_a_twin_that_begins_beyond()
    {
        RunningModel rising = RunningModel.TrendToLimit("""{ "limit": 85, "direction": "rising" }""");
        RunningModel auto = RunningModel.TrendToLimit("""{ "limit": 85 }""");

        Assert.Equal(0, rising.Read(0, 90).Value);
        Assert.False(auto.Read(0, 90).HasValue);
    }

    [Fact]
    public void A_constant_has_no_trend()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        for (int i = 0; i < 1000; i++)
        {
            Assert.False(trend.Read(i, 20.1).HasValue);
        }

        Assert.Equal("bearingTemperature is 20.1 and steady: no trend that leads to 85 within the horizon", trend.Why);
    }

    [Fact]
    public void Noise_without_a_trend_is_seldom_taken_for_one()
    {
        // One side of 99 % is 1 in 200 for independent windows. The limit is near enough for any trend to lead to it.
        Noise noise = new(7);
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 26 }""");
        int said = 0;
        for (int i = 0; i < 50_000; i++)
        {
            said += trend.Read(i, 20 + noise.Gaussian()).HasValue ? 1 : 0;
        }

        output.WriteLine($"a trend was said after {said / 500.0:0.00} % of 50,000 readings of noise");
        Assert.InRange(said, 0, 750);
    }

    [Fact]
    public void A_wandering_signal_is_seldom_taken_for_a_trend()
    {
        // Autoregressive noise with coefficient 0.9 has waves as long as the window but no trend.
        Noise noise = new(8);
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 34 }""");
        double wave = 0;
        int said = 0;
        for (int i = 0; i < 50_000; i++)
        {
            wave = (0.9 * wave) + noise.Gaussian();
            said += trend.Read(i, 20 + wave).HasValue ? 1 : 0;
        }

        output.WriteLine($"a trend was said after {said / 500.0:0.00} % of 50,000 readings");
        Assert.InRange(said, 0, 5_000);
    }

    [Fact]
    public void The_interval_holds_the_truth_as_often_as_it_claims()
    {
        // 1,000 twins with 0.5 a second and noise of sigma 1 for 60 s: true time from 50 to 85 is 70 s.
        Noise noise = new(9);
        int said = 0;
        int held = 0;
        double error = 0;
        for (int twin = 0; twin < 1000; twin++)
        {
            RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85, "confidence": 0.9 }""");
            for (int i = 0; i <= 60; i++)
            {
                trend.Read(i, 20 + (0.5 * i) + noise.Gaussian());
            }

            Prediction prediction = trend.Prediction;
            said += prediction.HasValue ? 1 : 0;
            held += prediction.Lower <= 70 && 70 <= prediction.Upper ? 1 : 0;
            error += prediction.HasValue ? Math.Abs(prediction.Value - 70) : 0;
        }

        output.WriteLine($"said {said}, held {held}, mean error {error / said:0.0} s of 70 s");
        Assert.Equal(1000, said);
        Assert.InRange(held, 850, 960);
    }

    [Fact]
    public void Four_readings_have_the_interval_of_two_degrees_of_freedom()
    {
        // By hand: slope 9.8, its standard error √((1.8/2)/5); at 99 % and two degrees of freedom Student's t is
        // 9.925. From the mean, 25 at 1.5 s before the newest, 75 are left to the limit.
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 100, "window": "400d" }""");
        double[] values = [10, 21, 29, 40];
        for (int i = 0; i < values.Length; i++)
        {
            trend.Read(i, values[i]);
        }

        double doubt = 9.925 * Math.Sqrt(0.9 / 5);
        Assert.Equal((75 / (9.8 + doubt)) - 1.5, trend.Prediction.Lower, 0.002);
        Assert.Equal((75 / (9.8 - doubt)) - 1.5, trend.Prediction.Upper, 0.002);
    }

    [Theory]
    [InlineData(3, "40s", "too few readings yet to tell a trend")]
    [InlineData(50, "5s", "its window of 5 s is too short for readings every 10 s to tell a trend")]
    [InlineData(50, "14s", "its window of 14 s is too short for readings every 10 s to tell a trend")]
    public void What_keeps_it_from_telling_a_trend_is_named(int readings, string window, string why)
    {
        RunningModel trend = RunningModel.TrendToLimit($$"""{ "limit": 850, "window": "{{window}}" }""");
        for (int i = 0; i < readings; i++)
        {
            trend.Read(10 * i, 5 * i);
        }

        Assert.False(trend.Prediction.HasValue);
        Assert.Equal(
            $"bearingTemperature is {5 * (readings - 1)} and rising 0.5 per second: {why}", trend.Why);
    }

    [Fact]
    public void A_clock_that_steps_back_and_readings_at_one_moment_do_no_harm()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        Line(trend, from: 10, slope: 0.5, seconds: 20);
        trend.Read(20, 20);
        trend.Read(5, 20);
        Prediction said = default;
        for (int i = 1; i <= 200; i++)
        {
            said = trend.Read(5 + (i * 0.1), 20 + (i * 0.05));
        }

        // At 30 and 0.5 a second again: (85 - 30) / 0.5 = 110.
        Assert.Equal(110, said.Value, 1.0);
    }

    [Fact]
    public void A_gap_of_days_begins_anew()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85 }""");
        Line(trend, from: 10, slope: 0.5, seconds: 60);

        Assert.False(trend.Read(5 * 86_400, 30).HasValue);
    }

    [Fact]
    public void Hundreds_of_thousands_of_readings_later_the_arithmetic_is_as_exact()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 400001 }""");
        for (int i = 0; i <= 200_000; i++)
        {
            trend.Read(1.7e9 + i, i);
        }

        // At 200,000 and 1 a second; the limit is 200,001 s away, beyond the default horizon of 100 windows.
        Assert.False(trend.Prediction.HasValue);
        Assert.Equal(200_000, trend.Prediction.Expected, 1e-6);
        Assert.Equal(0, trend.Prediction.Residual, 1e-6);
    }

    private static Prediction Line(RunningModel trend, double from, double slope, int seconds)
    {
        Prediction said = default;
        for (int i = 0; i <= seconds; i++)
        {
            said = trend.Read(i, from + (slope * i));
        }

        return said;
    }
}
