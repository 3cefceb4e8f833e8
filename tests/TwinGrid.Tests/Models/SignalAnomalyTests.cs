using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using TwinGrid.Models.Anomaly;

namespace TwinGrid.Tests.Models;

public sealed class SignalAnomalyTests(ITestOutputHelper output)
{
    public static TheoryData<string> Noises => ["gaussian", "student3", "laplace", "wandering", "wave", "bursts"];

    [Theory]
    [MemberData(nameof(Noises))]
    public void Normal_noise_passes_a_score_no_more_often_than_the_score_says(string kind)
    {
        // (1 - 0.9)² = 1 in 100 and (1 - 0.99)² = 1 in 10,000, by the score's definition.
        Noise noise = new(11);
        double level = 0;
        RunningModel anomaly = RunningModel.Anomaly();
        int tenth = 0;
        int hundredth = 0;
        const int Readings = 200_000;
        for (int i = 0; i < Readings; i++)
        {
            double score = anomaly.Read(60.0 * i, Signal(kind, i, noise, ref level)).Value;
            tenth += score > 0.9 ? 1 : 0;
            hundredth += score > 0.99 ? 1 : 0;
        }

        double aboveTenth = tenth / (double)Readings;
        double aboveHundredth = hundredth / (double)Readings;
        output.WriteLine($"{kind}: above 0.9 {aboveTenth:P3}, above 0.99 {aboveHundredth:P4}");
        Assert.InRange(aboveTenth, 0, 0.01);
        Assert.InRange(aboveHundredth, 0, 0.0001);
    }

    [Theory]
    [InlineData("gaussian")]
    [InlineData("laplace")]
    [InlineData("wandering")]
    [InlineData("wave")]
    [InlineData("bursts")]
    public void A_signal_without_faults_raises_at_most_one_alarm_a_month(string kind)
    {
        // 30 days at a reading a minute; ten signals, so that one bad seed is no verdict.
        int alarms = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            Noise noise = new(seed);
            double level = 0;
            RunningModel anomaly = RunningModel.Anomaly("""{ "tell": "once" }""");
            for (int i = 0; i < 43_200; i++)
            {
                alarms += anomaly.Read(60.0 * i, Signal(kind, i, noise, ref level)).Value >= 0.99 ? 1 : 0;
            }
        }

        output.WriteLine($"{kind}: {alarms} alarms in ten months");
        Assert.InRange(alarms, 0, 10);
    }

    [Theory]
    [InlineData(60, 0.95)]
    [InlineData(1000, 0.95)]
    public void A_spike_of_eight_sigmas_is_seen_at_once(int after, double share)
    {
        int seen = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RunningModel anomaly = Quiet(seed, after, out _);
            seen += anomaly.Read(after, 50 + 8).Value >= 0.97 ? 1 : 0;
        }

        output.WriteLine($"after {after} readings {seen} of 200 spikes were seen");
        Assert.InRange(seen / 200.0, share, 1);
    }

    [Theory]
    [InlineData(4, 0.7)]
    [InlineData(6, 0.95)]
    public void A_shift_of_the_level_is_seen_within_ten_readings(double sigmas, double share)
    {
        int seen = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RunningModel anomaly = Quiet(seed, 1000, out Noise noise);
            bool found = false;
            for (int i = 0; i < 10; i++)
            {
                found |= anomaly.Read(1000 + i, 50 + sigmas + noise.Gaussian()).Value >= 0.97;
            }

            seen += found ? 1 : 0;
        }

        output.WriteLine($"{seen} of 200 shifts of {sigmas} sigmas were seen");
        Assert.InRange(seen / 200.0, share, 1);
    }

    [Fact]
    public void A_level_that_stays_is_odd_for_a_while_and_normal_after_some_hundred_readings()
    {
        RunningModel anomaly = Quiet(1, 1000, out Noise noise);
        int late = 0;
        double expected = 0;
        for (int i = 0; i < 600; i++)
        {
            Prediction said = anomaly.Read(1000 + i, 80 + noise.Gaussian());
            Assert.True(i >= 5 || said.Value > 0.99);
            late += i >= 300 && said.Value >= 0.9 ? 1 : 0;
            expected += i >= 500 ? said.Expected / 100 : 0;
        }

        Assert.Equal(0, late);
        Assert.Equal(80, expected, 1.5);
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(1e99)]
    public void After_one_spike_the_expectation_is_what_it_was(double spike)
    {
        RunningModel anomaly = Quiet(2, 1000, out Noise noise);
        double before = anomaly.Read(1000, 50).Expected;
        anomaly.Read(1001, spike);

        Assert.Equal(before, anomaly.Read(1002, 50).Expected, 0.1);
        Assert.InRange(anomaly.Prediction.Value, 0, 0.9);
        for (int i = 0; i < 200; i++)
        {
            anomaly.Read(1003 + i, 50 + noise.Gaussian());
        }

        Assert.InRange(anomaly.Read(1300, 90).Value, 0.97, 1);
    }

    [Fact]
    public void A_constant_is_normal_and_its_first_change_is_not()
    {
        RunningModel anomaly = RunningModel.Anomaly();
        for (int i = 0; i < 1000; i++)
        {
            anomaly.Read(i, 20);
        }

        Assert.Equal(0, anomaly.Prediction.Value, 0.5);
        Assert.InRange(anomaly.Read(1000, 21).Value, 0.99, 1);
    }

    [Fact]
    public void What_a_signal_does_every_day_is_normal_and_its_absence_is_not()
    {
        // A reading every ten minutes; the plant runs from 8 to 16 o'clock.
        Noise noise = new(8);
        RunningModel anomaly = RunningModel.Anomaly();
        double worst = 0;
        for (int i = 0; i < 20 * 144; i++)
        {
            double score = anomaly.Read(600.0 * i, Plant(i) + noise.Gaussian()).Value;
            worst = i >= 10 * 144 ? Math.Max(worst, score) : 0;
        }

        double absent = 0;
        for (int i = 20 * 144; i < (20 * 144) + (12 * 6); i++)
        {
            absent = Math.Max(absent, anomaly.Read(600.0 * i, 20 + noise.Gaussian()).Value);
        }

        output.WriteLine($"ten working days: at most {worst:0.0000}; a day off by noon: {absent:0.0000}");
        Assert.InRange(worst, 0, 0.9);
        Assert.InRange(absent, 0.95, 1);

        static double Plant(int i) => i % 144 / 6 is >= 8 and < 16 ? 80 : 20;
    }

    [Fact]
    public void What_happens_again_and_again_ceases_to_be_odd()
    {
        // A spike of a hundred sigmas every 500 readings: at first an anomaly, in the end the way it is.
        Noise noise = new(9);
        RunningModel anomaly = RunningModel.Anomaly("""{ "tell": "once" }""");
        List<double> scores = [];
        for (int i = 0; i < 15_000; i++)
        {
            bool spike = i % 500 == 499;
            double score = anomaly.Read(i, 50 + noise.Gaussian() + (spike ? 100 : 0)).Value;
            if (spike)
            {
                scores.Add(score);
            }
        }

        output.WriteLine(string.Join(' ', scores.Select(score => $"{score:0.000}")));
        Assert.InRange(scores[0], 0.99, 1);
        Assert.All(scores.Skip(10), score => Assert.InRange(score, 0, 0.97));
    }

    [Fact]
    public void An_event_is_told_once_where_that_is_asked_for()
    {
        RunningModel always = Quiet(10, 1000, out _);
        RunningModel once = RunningModel.Anomaly("""{ "tell": "once" }""");
        Noise noise = new(10);
        for (int i = 0; i < 1000; i++)
        {
            once.Read(i, 50 + noise.Gaussian());
        }

        Assert.InRange(once.Read(1000, 80).Value, 0.99, 1);
        Assert.InRange(always.Read(1000, 80).Value, 0.99, 1);
        Assert.Equal(0, once.Read(1001, 80).Value);
        Assert.InRange(always.Read(1001, 80).Value, 0.97, 1);
    }

    [Fact]
    public void The_steps_of_a_coarse_sensor_are_normal()
    {
        Noise noise = new(3);
        RunningModel anomaly = RunningModel.Anomaly();
        int high = 0;
        for (int i = 0; i < 20_000; i++)
        {
            high += anomaly.Read(i, Math.Round(50.4 + (0.1 * noise.Gaussian()))).Value > 0.99 && i > 200 ? 1 : 0;
        }

        Assert.InRange(high, 0, 20);
    }

    [Fact]
    public void Nothing_drifts_when_readings_are_without_number()
    {
        // As after a billion readings: what is counted is large, what is averaged stays where it is.
        RunningModel anomaly = Quiet(12, 10_000, out Noise noise);
        MemoryMarshal.AsRef<SignalAnomalyState>(MemoryMarshal.AsBytes(anomaly.State.AsSpan())).Readings = 1e9;
        int high = 0;
        for (int i = 0; i < 200_000; i++)
        {
            Prediction said = anomaly.Read(10_000 + i, 50 + noise.Gaussian());
            high += said.Value > 0.99 ? 1 : 0;
            Assert.InRange(said.Expected, 49.5, 50.5);
        }

        Assert.InRange(high, 0, 10);
        Assert.InRange(anomaly.Read(210_000, 60).Value, 0.99, 1);
    }

    [Fact]
    public void A_large_offset_hides_no_small_noise()
    {
        Noise noise = new(13);
        RunningModel anomaly = RunningModel.Anomaly();
        for (int i = 0; i < 5000; i++)
        {
            anomaly.Read(i, 1e9 + noise.Gaussian());
        }

        Assert.InRange(anomaly.Read(5000, 1e9 + 15).Value, 0.99, 1);
    }

    [Fact]
    public void A_gap_of_a_month_is_one_step_and_no_surprise()
    {
        RunningModel anomaly = Quiet(14, 1000, out Noise noise);
        double after = anomaly.Read(1000 + (30 * 86_400), 50 + noise.Gaussian()).Value;

        Assert.InRange(after, 0, 0.9);
    }

    [Theory]
    [InlineData(1e-50)]
    [InlineData(1e50)]
    public void The_scale_of_the_signal_changes_nothing(double scale)
    {
        Noise noise = new(4);
        RunningModel plain = RunningModel.Anomaly();
        RunningModel scaled = RunningModel.Anomaly();
        for (int i = 0; i < 2000; i++)
        {
            double value = 50 + noise.Gaussian();
            double expected = plain.Read(i, value).Value;
            Assert.Equal(expected, scaled.Read(i, value * scale).Value, 1e-6);
        }
    }

    [Fact]
    public void A_reading_that_is_no_number_changes_nothing()
    {
        RunningModel anomaly = Quiet(5, 100, out _);
        double[] before = [.. anomaly.State];
        anomaly.Read(100, double.NaN);
        anomaly.Read(101, double.PositiveInfinity);

        Assert.Equal(before, anomaly.State);
    }

    [Fact]
    public void It_says_nothing_while_it_warms_up_and_says_why()
    {
        RunningModel anomaly = Quiet(6, 12, out _);

        Assert.False(anomaly.Prediction.HasValue);
        Assert.Equal("temperature is still being learnt: 12 of 30 readings", anomaly.Why);
    }

    [Fact]
    public void It_explains_itself_in_numbers()
    {
        RunningModel anomaly = Quiet(7, 1000, out _);
        Prediction said = anomaly.Read(1000, 75);

        Assert.Equal(75, said.Expected + said.Residual, 1e-9);
        Assert.True(double.IsNaN(said.Lower) && double.IsNaN(said.Upper), "a score has no interval");
        Assert.Matches(
            @"^temperature is 75 where (49|50)\.\d+ was expected \(normal 4\d(\.\d+)? to 5\d(\.\d+)?\): "
            + @"(it was never seen as far out|so far off is rare at this hour); score (0\.99\d|1), threshold 0\.99$",
            anomaly.Why);
    }

    [Fact]
    public void The_normal_band_is_as_wide_as_the_hour_is_restless()
    {
        // From noon to midnight the noise is ten times that of the morning; half past an hour none of its neighbours
        // counts.
        Noise noise = new(16);
        RunningModel anomaly = RunningModel.Anomaly();
        (double quiet, double restless) = (0, 0);
        for (int minute = 0; minute < 10 * 1440; minute++)
        {
            int ofDay = minute % 1440;
            anomaly.Read(minute * 60.0, 500 + ((ofDay < 720 ? 0.5 : 5) * noise.Gaussian()));
            quiet = ofDay == 390 ? NormalWidth(anomaly.Why) : quiet;
            restless = ofDay == 1110 ? NormalWidth(anomaly.Why) : restless;
        }

        Assert.InRange(restless / quiet, 7, 13);
    }

    [Fact]
    public void It_names_the_step_where_only_the_step_is_odd()
    {
        // A slow wave of ±30 with little noise: back to the middle within one reading leaves neither band nor range.
        Noise noise = new(15);
        RunningModel anomaly = RunningModel.Anomaly();
        for (int i = 0; i < 4050; i++)
        {
            anomaly.Read(i, (30 * Math.Sin(i * Math.PI / 500)) + (0.1 * noise.Gaussian()));
        }

        Assert.InRange(anomaly.Read(4050, -25).Value, 0.97, 1);
        Assert.Contains("a step like that is rare", anomaly.Why, StringComparison.Ordinal);
    }

    private static double NormalWidth(string why)
    {
        Match band = Regex.Match(why, @"\(normal (?<from>[0-9.]+) to (?<to>[0-9.]+)\)");
        return End("to") - End("from");

        double End(string name) => double.Parse(band.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    private static RunningModel Quiet(int seed, int readings, out Noise noise)
    {
        noise = new Noise(seed);
        RunningModel anomaly = RunningModel.Anomaly();
        for (int i = 0; i < readings; i++)
        {
            anomaly.Read(i, 50 + noise.Gaussian());
        }

        return anomaly;
    }

    private static double Signal(string kind, int i, Noise noise, ref double level) => kind switch
    {
        "gaussian" => 50 + noise.Gaussian(),
        "student3" => 50 + noise.Student(3),
        "laplace" => 50 + (Math.Log(1 - noise.Uniform()) * (noise.Uniform() < 0.5 ? 1 : -1)),
        "wandering" => level += noise.Gaussian(),
        "wave" => (20 * Math.Sin(i * 2 * Math.PI / 1440)) + noise.Gaussian(),
        "bursts" => 50 + (noise.Gaussian() * (i / 500 % 2 == 0 ? 1 : 3)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
