namespace TwinGrid.Tests.Models;

public sealed class SignalAnomalyTests(ITestOutputHelper output)
{
    public static TheoryData<string> Noises => ["gaussian", "student3", "laplace", "wandering", "wave", "bursts"];

    [Theory]
    [MemberData(nameof(Noises))]
    public void Normal_noise_passes_a_score_about_as_often_as_the_score_says(string kind)
    {
        // (1 - 0.9)² = 1 in 100 and (1 - 0.99)² = 1 in 10,000, by the score's definition; a heavy tail may do
        // several times as badly, an alarm on every thousandth reading it may not raise.
        Noise noise = new(11);
        double level = 0;
        RunningModel anomaly = RunningModel.Anomaly();
        int tenth = 0;
        int hundredth = 0;
        const int Readings = 200_000;
        for (int i = 0; i < Readings; i++)
        {
            double score = anomaly.Read(i, Signal(kind, i, noise, ref level)).Value;
            tenth += score > 0.9 ? 1 : 0;
            hundredth += score > 0.99 ? 1 : 0;
        }

        double aboveTenth = tenth / (double)Readings;
        double aboveHundredth = hundredth / (double)Readings;
        output.WriteLine($"{kind}: above 0.9 {aboveTenth:P3}, above 0.99 {aboveHundredth:P4}");
        Assert.InRange(aboveTenth, 0.003, 0.02);
        Assert.InRange(aboveHundredth, 0, 0.001);
    }

    [Theory]
    [InlineData(60, 0.7)]
    [InlineData(1000, 0.9)]
    public void A_spike_of_six_sigmas_is_seen_at_once(int after, double share)
    {
        int seen = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RunningModel anomaly = Quiet(seed, after, out _);
            seen += anomaly.Read(after, 50 + 6).Value >= 0.99 ? 1 : 0;
        }

        output.WriteLine($"after {after} readings {seen} of 200 spikes were seen");
        Assert.InRange(seen / 200.0, share, 1);
    }

    [Theory]
    [InlineData(3, 0.7)]
    [InlineData(5, 0.95)]
    public void A_shift_of_the_level_is_seen_within_ten_readings(double sigmas, double share)
    {
        int seen = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RunningModel anomaly = Quiet(seed, 1000, out Noise noise);
            bool found = false;
            for (int i = 0; i < 10; i++)
            {
                found |= anomaly.Read(1000 + i, 50 + sigmas + noise.Gaussian()).Value >= 0.99;
            }

            seen += found ? 1 : 0;
        }

        output.WriteLine($"{seen} of 200 shifts of {sigmas} sigmas were seen");
        Assert.InRange(seen / 200.0, share, 1);
    }

    [Fact]
    public void A_level_that_stays_is_normal_after_some_tens_of_readings()
    {
        RunningModel anomaly = Quiet(1, 1000, out Noise noise);
        int late = 0;
        double expected = 0;
        for (int i = 0; i < 200; i++)
        {
            Prediction said = anomaly.Read(1000 + i, 80 + noise.Gaussian());
            late += i >= 30 && said.Value >= 0.99 ? 1 : 0;
            expected += i >= 100 ? said.Expected / 100 : 0;
        }

        Assert.Equal(0, late);
        Assert.Equal(80, expected, 0.5);
    }

    [Fact]
    public void After_one_spike_the_expectation_is_what_it_was()
    {
        RunningModel anomaly = Quiet(2, 1000, out _);
        double before = anomaly.Read(1000, 50).Expected;
        anomaly.Read(1001, 5000);

        Assert.Equal(before, anomaly.Read(1002, 50).Expected, 2.0);
        Assert.InRange(anomaly.Prediction.Value, 0, 0.9);
    }

    [Fact]
    public void A_constant_is_normal_and_its_first_change_is_not()
    {
        RunningModel anomaly = RunningModel.Anomaly();
        for (int i = 0; i < 1000; i++)
        {
            anomaly.Read(i, 20);
        }

        Assert.Equal(0, anomaly.Prediction.Value);
        Assert.InRange(anomaly.Read(1000, 21).Value, 0.99, 1);
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

        Assert.InRange(said.Lower, 44, 48);
        Assert.InRange(said.Upper, 52, 56);
        Assert.Matches(
            @"^temperature is 75 where (49|50)\.\d+ was expected \(normal 4\d\.\d+ to 5\d\.\d+\); "
            + @"score (0\.99\d|1), threshold 0\.99$",
            anomaly.Why);
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
