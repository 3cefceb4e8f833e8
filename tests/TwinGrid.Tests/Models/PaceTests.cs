using TwinGrid.Models.Anomaly;

namespace TwinGrid.Tests.Models;

/// <summary>An alarm is meant as once in so much time, however often a signal is read.</summary>
public sealed class PaceTests(ITestOutputHelper output)
{
    private const double Minute = 60;

    [Theory]
    [InlineData(60, 4)] // one a minute: the default threshold 0.99, as it stands
    [InlineData(1, 4)] // a second apart is hardly another chance
    [InlineData(300, 3.301)] // a fifth of the chances: 4 - log10 5
    [InlineData(3600, 2.222)] // 4 - log10 60
    [InlineData(86_400, 2.222)] // slower than one an hour is as one an hour
    public void The_bar_of_an_alarm_is_lower_for_who_reads_less_often(double seconds, double rarity)
    {
        Pace pace = After(1000, seconds);

        Assert.Equal(rarity, pace.AmongReadings(4), 3);
        Assert.Equal(4, pace.AmongMinutes(rarity), 2);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(3600)]
    public void Rarer_among_readings_is_rarer_among_minutes_and_what_is_normal_stays(double seconds)
    {
        Pace pace = After(1000, seconds);
        double last = -1;
        for (double rarity = 0; rarity < 8; rarity += 0.01)
        {
            double among = pace.AmongMinutes(rarity);
            Assert.True(among > last && among >= rarity, $"{rarity} became {among} after {last}");
            Assert.Equal(rarity, pace.AmongReadings(among), 9);
            Assert.True(rarity > 2 || among == rarity, "one reading in 100 is one in 100 at any pace");
            last = among;
        }
    }

    [Theory]
    [InlineData(86_400 * 30)] // a gap
    [InlineData(0)] // the same time again
    public void One_odd_interval_changes_next_to_nothing(double seconds)
    {
        Pace pace = After(1000, 300);
        double before = pace.Decades;
        pace.Learn((long)((300_000 + seconds) * UnixMicroseconds.PerSecond), 1000);

        Assert.Equal(before, pace.Decades, 0.01);
    }

    [Fact]
    public void A_first_interval_that_was_no_measure_is_forgotten_within_a_thousand_readings()
    {
        Pace pace = default;
        pace.Learn(0, 0);
        for (int i = 1; i < 1000; i++)
        {
            pace.Learn((long)((86_400 + (i * Minute)) * UnixMicroseconds.PerSecond), i);
        }

        Assert.Equal(0, pace.Decades);
    }

    [Fact]
    public void After_a_million_readings_at_one_moment_it_still_learns()
    {
        Pace pace = After(1000, 300);
        for (int i = 0; i < 1_000_000; i++)
        {
            pace.Learn(299_700 * UnixMicroseconds.PerSecond, 1000 + i);
        }

        Assert.Equal(0, pace.Decades);
        for (int i = 1; i <= 500; i++)
        {
            pace.Learn((299_700 + (300L * i)) * UnixMicroseconds.PerSecond, 1_001_000 + i);
        }

        Assert.Equal(Math.Log10(5), pace.Decades, 1e-9);
    }

    [Theory]
    [InlineData("gaussian", 300, 4)] // at one a minute none: one view alone is believed more at slower paces
    [InlineData("bursts", 300, 6)]
    [InlineData("wave", 300, 1)]
    [InlineData("gaussian", 3600, 1.5)]
    [InlineData("bursts", 3600, 1.5)]
    public void Noise_that_is_read_seldom_raises_few_alarms_in_30_days(string kind, double seconds, double most)
    {
        int months = 0;
        int alarms = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            Noise noise = new(seed);
            RunningModel anomaly = RunningModel.Anomaly("""{ "tell": "once" }""");
            double days = seconds < 3600 ? 30 : 360;
            months += (int)days / 30;
            for (int i = 0; i * seconds < days * 86_400; i++)
            {
                double value = kind switch
                {
                    "bursts" => noise.Gaussian() * (i / 500 % 2 == 0 ? 1 : 3),
                    "wave" => (20 * Math.Sin(i * seconds * 2 * Math.PI / 86_400)) + noise.Gaussian(),
                    _ => noise.Gaussian(),
                };
                alarms += anomaly.Read(i * seconds, 50 + value).Value >= 0.99 ? 1 : 0;
            }
        }

        output.WriteLine($"{kind} every {seconds} s: {alarms} alarms in {months} months");
        Assert.InRange(alarms / (double)months, 0, most);
    }

    private static Pace After(int readings, double seconds)
    {
        Pace pace = default;
        for (int i = 0; i < readings; i++)
        {
            pace.Learn((long)(i * seconds * UnixMicroseconds.PerSecond), i);
        }

        return pace;
    }
}
