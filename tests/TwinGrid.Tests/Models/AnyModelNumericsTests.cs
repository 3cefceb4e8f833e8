using System.Globalization;

namespace TwinGrid.Tests.Models;

/// <summary>
/// Numbers of every model over long lives, wide scales, gaps and clocks that step.
/// <c>TWINGRID_MODEL_READINGS</c> makes the long lives longer.
/// </summary>
public sealed class AnyModelNumericsTests
{
    private const double Day = 86_400;

    /// <summary>Of a signal of one day that comes again each day.</summary>
    private const int ReadingsPerDay = 864;

    public static TheoryData<string> Types => [.. RunningModel.TypeNames];

    public static TheoryData<string, double> TypesAndScales
    {
        get
        {
            TheoryData<string, double> data = [];
            foreach (string type in RunningModel.TypeNames)
            {
                foreach (double scale in new[] { 1e-300, 1e-90, 1e-9, 1e9, 1e90 })
                {
                    data.Add(type, scale);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(TypesAndScales))]
    public void Huge_and_tiny_signals_are_finite_and_said_with_finite_numbers(string type, double scale)
    {
        RunningModel model = ModelExamples.Start(type);
        double now = 0;
        Feed(type, model, [.. Signal(type, 3000, 1).Select(value => scale * value)], ref now);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_signal_that_never_changes_is_said_the_same_for_ever(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        List<Prediction> said = [];
        for (int i = 0; i < 12_000; i++)
        {
            said.Add(model.ReadBoth(i * ModelExamples.Step(type), ModelExamples.Scale(type) * 3.25, 0.5));
        }

        AssertSound(model);

        // Within the noise that rounding makes of a constant. RemainingLife grows older with each reading.
        if (type != "RemainingLife")
        {
            Assert.Equal(said[^2000].HasValue, said[^1].HasValue);
            Assert.True(
                !said[^1].HasValue || Math.Abs(said[^1].Value - said[^2000].Value) <= 0.02 * (1 + said[^1].Value),
                $"{said[^2000].Value} became {said[^1].Value}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void After_NaN_silence_and_a_clock_that_stepped_it_says_something_again(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        double now = 0;
        double[] signal = [.. Signal(type, 2000, 2)];
        int spoke = Feed(type, model, signal, ref now);

        for (int i = 0; i < 500; i++)
        {
            model.ReadBoth(now += ModelExamples.Step(type), double.NaN, double.NaN);
            AssertSound(model);
        }

        now += 400 * Day;
        int afterSilence = Feed(type, model, signal, ref now);
        now -= 30 * Day;
        int afterStep = Feed(type, model, signal, ref now);

        Assert.True(spoke > 0, "the signal makes it speak");
        Assert.InRange(afterSilence, spoke / 2, int.MaxValue);
        Assert.InRange(afterStep, spoke / 2, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void The_same_rows_give_the_same_bits_in_two_models_made_apart(string type)
    {
        RunningModel one = ModelExamples.Start(type);
        RunningModel other = ModelExamples.Start(type);
        int i = 0;
        foreach (double value in Signal(type, 2500, 3))
        {
            double seconds = ModelExamples.Step(type) * i++;
            one.ReadBoth(seconds, value, value * 0.01);
            other.ReadBoth(seconds, value, value * 0.01);
        }

        Assert.Equal(Bits(one.State), Bits(other.State));
        Assert.Equal(one.Why, other.Why);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_state_written_as_bytes_and_read_back_goes_on_bit_for_bit(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        double now = 0;
        Feed(type, model, [.. Signal(type, 1500, 4)], ref now);
        RunningModel copy = model.Copy();
        byte[] bytes = new byte[copy.State.Length * sizeof(double)];
        Buffer.BlockCopy(model.State, 0, bytes, 0, bytes.Length);
        Array.Fill(copy.State, -1);
        Buffer.BlockCopy(bytes, 0, copy.State, 0, bytes.Length);

        double later = now;
        Feed(type, model, [.. Signal(type, 500, 5)], ref now);
        Feed(type, copy, [.. Signal(type, 500, 5)], ref later);

        Assert.Equal(Bits(model.State), Bits(copy.State));
    }

    /// <summary>
    /// No sum drifts: a signal that is the same each day is said the same on the last day as half a life before. The
    /// default is a million readings; with a thousand million, which take minutes in a release build, it holds as well.
    /// </summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void A_long_life_changes_nothing_of_what_is_said_of_the_same_day(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        double[] day = [.. Signal(type, ReadingsPerDay, 6)];
        double spread = day.Max() - day.Min();
        long readings = Readings(model.Model);
        long days = readings / ReadingsPerDay / 2;

        Prediction[] half = new Prediction[ReadingsPerDay];
        Prediction[] end = new Prediction[ReadingsPerDay];
        Live(type, model, day, 0, days, half);
        Live(type, model, day, days, 2 * days, end);

        AssertSound(model);
        for (int i = 0; i < ReadingsPerDay; i++)
        {
            Assert.Equal(half[i].HasValue, end[i].HasValue);
            Assert.Equal(half[i].Expected, end[i].Expected, 0.01 * spread);
            Assert.True(
                !end[i].HasValue || Math.Abs(half[i].Value - end[i].Value) <= 0.01 * (spread + Math.Abs(half[i].Value)),
                $"reading {i} of the day: {half[i].Value} became {end[i].Value}");
        }
    }

    private static long Readings(IPredictiveModel model)
    {
        string? wanted = Environment.GetEnvironmentVariable("TWINGRID_MODEL_READINGS");
        long readings = wanted is null ? 1_000_000 : long.Parse(wanted, CultureInfo.InvariantCulture);

        // A reading of a waveform is a hundred numbers.
        if (model.WaveformInput >= 0)
        {
            return readings / 100;
        }

        // Time goes with the state; the largest learns from 50,000 outputs.
        return model.StateLength > 1000 ? Math.Max(130_000, readings / 100) : readings;
    }

    private static void Live(
        string type, RunningModel model, double[] day, long from, long to, Prediction[] last)
    {
        double step = ModelExamples.Step(type);
        for (long d = from; d < to; d++)
        {
            for (int i = 0; i < day.Length; i++)
            {
                last[i] = model.ReadBoth(((d * day.Length) + i) * step, day[i], day[i] * 0.01);
            }
        }
    }

    /// <summary>How often it said something of the very reading: what it said before does not count again.</summary>
    private static int Feed(string type, RunningModel model, double[] values, ref double now)
    {
        int said = 0;
        foreach (double value in values)
        {
            Prediction prediction = model.ReadBoth(now += ModelExamples.Step(type), value, value * 0.01);
            said += prediction.HasValue && prediction.At == (long)(now * UnixMicroseconds.PerSecond) ? 1 : 0;
            AssertSound(model);
        }

        return said;
    }

    /// <summary>A day's course with noise, about 10: a wind, a level, an interval of beats.</summary>
    private static IEnumerable<double> Signal(string type, int count, int seed)
    {
        Noise noise = new(seed);
        for (int i = 0; i < count; i++)
        {
            double course = 10 + (4 * Math.Sin(2 * Math.PI * i / ReadingsPerDay));
            yield return Math.Round(ModelExamples.Scale(type) * (course + noise.Gaussian()), 3);
        }
    }

    private static void AssertSound(RunningModel model)
    {
        Prediction said = model.Prediction;
        Assert.False(double.IsInfinity(said.Value) || double.IsInfinity(said.Lower) || double.IsInfinity(said.Upper));
        Assert.False(double.IsInfinity(said.Expected) || double.IsInfinity(said.Residual));
        Assert.False(said.Lower > said.Upper);
        Assert.DoesNotContain(model.State, double.IsInfinity);
    }

    private static IEnumerable<long> Bits(double[] state) => state.Select(BitConverter.DoubleToInt64Bits);
}
