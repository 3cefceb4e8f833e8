using System.Globalization;

namespace TwinGrid.Tests.Models;

public sealed class HeartRhythmTests(ITestOutputHelper output)
{
    private readonly Noise _noise = new(7);
    private double _now;

    [Fact]
    public void A_resting_heart_that_breathes_does_not_fibrillate()
    {
        RunningModel heart = Start();
        Prediction said = Beat(heart, 500, i => 0.9 + (0.04 * Math.Sin(i / 3.0)) + (0.01 * _noise.Gaussian()));

        Assert.InRange(said.Value, 0, 0.3);
        Assert.StartsWith("no atrial fibrillation", heart.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Intervals_without_order_are_fibrillation_within_a_hundred_beats_and_its_end_is_seen_within_thirty()
    {
        RunningModel heart = Start();
        Beat(heart, 300, _ => 0.9 + (0.01 * _noise.Gaussian()));
        Prediction said = Beat(heart, 100, _ => 0.4 + (0.6 * _noise.Uniform()));
        Assert.True(said.Value >= said.Threshold);
        Assert.StartsWith("atrial fibrillation", heart.Why, StringComparison.Ordinal);

        said = Beat(heart, 30, _ => 0.9 + (0.01 * _noise.Gaussian()));
        Assert.False(said.Value >= said.Threshold);
    }

    [Fact]
    public void An_extra_beat_with_its_pause_now_and_then_is_no_fibrillation()
    {
        RunningModel heart = Start();
        double pause = 0;
        Prediction said = Beat(heart, 600, i =>
        {
            double usual = 0.8 + (0.01 * _noise.Gaussian());
            if (pause > 0)
            {
                usual = pause;
                pause = 0;
            }
            else if (_noise.Uniform() < 0.2)
            {
                usual = 0.4 + (0.2 * _noise.Uniform());
                pause = 1.6 - usual;
            }

            return usual;
        });

        Assert.False(said.Value >= said.Threshold);
    }

    [Fact]
    public void Milliseconds_say_the_same_as_seconds()
    {
        RunningModel seconds = Start();
        RunningModel milliseconds = Start("""{ "unit": "milliseconds" }""");
        for (int i = 0; i < 200; i++)
        {
            double interval = Math.Round(0.4 + (0.6 * _noise.Uniform()), 3);
            double said = seconds.Read(i, interval).Value;
            Assert.Equal(said, milliseconds.Read(i, interval * 1000).Value, 3);
        }
    }

    [Fact]
    public void After_a_long_silence_it_begins_anew()
    {
        RunningModel heart = Start();
        Beat(heart, 200, _ => 0.4 + (0.6 * _noise.Uniform()));
        _now += 301;
        Assert.False(Beat(heart, 1, _ => 0.9).HasValue);
        Assert.Equal("too few beats were seen", heart.Why);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    [InlineData(3.5)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void What_is_no_interval_changes_nothing_that_is_said(double interval)
    {
        RunningModel heart = Start();
        Prediction before = Beat(heart, 100, _ => 0.9 + (0.01 * _noise.Gaussian()));
        Assert.Equal(before.Value, Beat(heart, 1, _ => interval).Value);
    }

    [Fact]
    public void It_speaks_at_the_seventeenth_interval()
    {
        RunningModel heart = Start();
        Assert.False(Beat(heart, 16, _ => 0.9).HasValue);
        Assert.True(Beat(heart, 1, _ => 0.9).HasValue);
    }

    [Fact]
    public void Beats_on_both_sides_of_a_missed_one_are_no_pair()
    {
        // 25 intervals are 24 pairs; of the later 25 the last one still waits for the next. The rate jumped meanwhile.
        RunningModel heart = Start();
        Beat(heart, 25, _ => 0.8);
        Beat(heart, 1, _ => 3.5);
        Beat(heart, 25, _ => 0.5);

        Assert.Contains(
            "2 of the last 47 pairs of beats differ from each other", heart.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_beats_leave_no_trace_of_the_first()
    {
        RunningModel heart = Start();
        for (int i = 0; i < 1_000_000; i++)
        {
            heart.Read(i, 0.3 + (i * 0.618 % 1));
        }

        RunningModel fresh = Start();
        Prediction old = Prediction.None;
        Prediction young = Prediction.None;
        for (int i = 0; i < 300; i++)
        {
            double interval = 0.5 + (i * 0.414 % 0.5);
            old = heart.Read(1_000_000 + i, interval);
            young = fresh.Read(i, interval);
        }

        Assert.Equal(young.Value, old.Value);
    }

    [Fact]
    public void Of_twelve_long_records_97_of_100_beats_are_told_right()
    {
        string[] paths = Directory.GetFiles(Path.GetDirectoryName(PublicData.File("afdb/04015.csv"))!, "*.csv");
        long right = 0;
        long beats = 0;
        foreach (string path in paths)
        {
            RunningModel heart = Start();
            foreach (string[] row in File.ReadLines(path).Skip(1).Select(line => line.Split(',')))
            {
                Prediction said = heart.Read(
                    double.Parse(row[0], CultureInfo.InvariantCulture) / 250,
                    double.Parse(row[1], CultureInfo.InvariantCulture));
                right += said.Value >= said.Threshold == (row[2] == "B") ? 1 : 0;
                beats++;
            }
        }

        output.WriteLine($"{right} of {beats}");

        // The published rule without its look-ahead has 96.1 % here, "never" 42.4 %.
        Assert.InRange((double)right / beats, 0.97, 1);
    }

    private static RunningModel Start(string options = "{}") =>
        RunningModel.Start(RunningModel.Define("HeartRhythm", options, "interval", null));

    private Prediction Beat(RunningModel heart, int beats, Func<int, double> interval)
    {
        for (int i = 0; i < beats; i++)
        {
            double next = interval(i);
            _now += next is > 0 and < 5 ? next : 1;
            heart.Read(_now, next);
        }

        return heart.Prediction;
    }
}
