using CsCheck;
using TwinGrid.Models.Anomaly;
using TwinGrid.Models.Forecasting;
using TwinGrid.Models.Trend;

namespace TwinGrid.Tests.Models;

/// <summary>What holds of every model, whatever devices send.</summary>
public sealed class AnyModelTests
{
    private static readonly double[] Edges =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon,
        double.MaxValue, double.MinValue, 1e300, -1e300, 1e100, -1e100, 1e-300, 0.0, -0.0,
    ];

    private static readonly Gen<double> Value = Gen.Frequency(
        (6, Gen.Double[-100, 100]),
        (2, Gen.Double),
        (1, Gen.Int[-3, 3].Select(i => (double)i)),
        (1, Gen.OneOf(Edges.Select(Gen.Const).ToArray())));

    private static readonly Gen<double> Seconds = Gen.Frequency(
        (6, Gen.Double[0, 10]),
        (1, Gen.Const(0.0)),
        (1, Gen.Double[-1e6, 1e6]),
        (1, Gen.OneOf(Gen.Const(1e-6), Gen.Const(9e12), Gen.Const(-9e12))));

    /// <summary>Seconds since the last, input, whether it came, output, whether it came.</summary>
    private static readonly Gen<(double, double, bool, double, bool)[]> Messages =
        Gen.Select(Seconds, Value, Gen.Bool, Value, Gen.Bool).Array[1, 120];

    public static TheoryData<string> Types => [.. RunningModel.TypeNames];

    [Theory]
    [MemberData(nameof(Types))]
    public void Whatever_comes_it_says_finite_numbers_or_nothing(string type) => Messages.Sample(
        messages =>
        {
            RunningModel model = ModelExamples.Start(type);
            double now = 0;
            foreach (var (step, input, inputCame, output, outputCame) in messages)
            {
                now = Math.Clamp(now + step, -9e12, 9e12);
                Judge(type, model.Update(now, input, inputCame, output, outputCame), model.Why);
            }

            Assert.All(model.State, number => Assert.False(double.IsInfinity(number)));
        },
        iter: 500,
        threads: 1);

    [Theory]
    [MemberData(nameof(Types))]
    public void A_copy_of_the_doubles_goes_on_bit_for_bit(string type) => Messages.Sample(
        messages =>
        {
            RunningModel model = ModelExamples.Start(type);
            RunningModel copy = model;
            double now = 0;
            for (int i = 0; i < messages.Length; i++)
            {
                copy = i == messages.Length / 2 ? model.Copy() : copy;
                var (step, input, inputCame, output, outputCame) = messages[i];
                now = Math.Clamp(now + step, -9e12, 9e12);
                Prediction said = model.Update(now, input, inputCame, output, outputCame);
                if (copy != model)
                {
                    Assert.Equal(Bits(said), Bits(copy.Update(now, input, inputCame, output, outputCame)));
                }
            }

            Assert.Equal(
                model.State.Select(BitConverter.DoubleToInt64Bits), copy.State.Select(BitConverter.DoubleToInt64Bits));
        },
        iter: 300,
        threads: 1);

    [Theory]
    [MemberData(nameof(Types))]
    public void An_update_allocates_nothing(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        Noise noise = new(1);
        double[] values = [.. Enumerable.Range(0, 1000).Select(_ => 100 * noise.Uniform())];
        Feed(model, values, 1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Feed(model, values, 100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("Anomaly", 110)]
    [InlineData("TrendToLimit", 16)]
    [InlineData("PowerCurve", 200)]
    [InlineData("HeartRhythm", 80)]
    [InlineData("ProcessMonitor", 20)]
    [InlineData("PowerForecast", 8500)]
    [InlineData("RemainingLife", 20)]
    [InlineData("Signals", 16)]
    public void The_state_is_small(string type, int doubles) =>
        Assert.InRange(ModelExamples.Start(type).Model.StateLength, 1, doubles);

    [Fact]
    public void The_standard_stack_on_four_telemetries_fits_four_kibibytes() =>
        Assert.InRange(
            4 * sizeof(double) * new[] { "Anomaly", "TrendToLimit" }
                .Sum(type => ModelExamples.Start(type).Model.StateLength),
            1,
            4096);

    [Fact]
    public void A_model_is_made_by_the_name_that_kind_files_use()
    {
        Assert.IsType<PowerCurve>(ModelExamples.Start("PowerCurve").Model);
        Assert.IsType<SignalAnomaly>(ModelExamples.Start("Anomaly").Model);
        Assert.IsType<TrendToLimit>(ModelExamples.Start("TrendToLimit").Model);
    }

    private static void Feed(RunningModel model, double[] values, int readings)
    {
        for (int i = 0; i < readings; i++)
        {
            double value = values[i % values.Length];
            model.ReadBoth(i, value, value * value);
        }
    }

    private static void Judge(string type, in Prediction said, string why)
    {
        Assert.All(Numbers(said), number => Assert.False(double.IsInfinity(number)));
        Assert.False(said.Lower > said.Upper);
        Assert.True(type != "Anomaly" || !said.HasValue || said.Value is >= 0 and <= 1);
        Assert.True(type != "TrendToLimit" || !said.HasValue || said.Value >= 0);
        Assert.DoesNotContain("NaN", why, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", why, StringComparison.Ordinal);
    }

    private static double[] Numbers(in Prediction said) =>
    [
        said.Value, said.Lower, said.Upper, said.Confidence,
        said.Residual, said.Horizon, said.Expected, said.Threshold,
    ];

    private static long[] Bits(in Prediction said) =>
        [.. Numbers(said).Select(BitConverter.DoubleToInt64Bits), said.At];
}
