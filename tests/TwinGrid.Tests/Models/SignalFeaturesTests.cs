using System.Diagnostics;
using System.Numerics;
using CsCheck;
using MathNet.Numerics.IntegralTransforms;
using TwinGrid.Models.Signals;

namespace TwinGrid.Tests.Models;

public sealed class SignalFeaturesTests(ITestOutputHelper output)
{
    // SKF 6205-2RS JEM, the drive end of the Case Western Reserve University bearing data: 9 balls of 0.3126 in on a
    // circle of 1.537 in.
    private const string Skf6205 =
        """
        { "balls": 9, "ballDiameter": 0.3126, "pitchDiameter": 1.537, "speed": 1797, "lower": 2000, "upper": 5000 }
        """;

    private const double Shaft = 1797 / 60.0;
    private const double Rate = 12_000;

    [Fact]
    public void The_bearing_of_the_western_reserve_university_has_its_published_orders()
    {
        BearingOrders orders = BearingOrders.Of(9, 0.3126, 1.537, 0);

        Assert.Equal(3.5848, orders.Outer, 1e-4);
        Assert.Equal(5.4152, orders.Inner, 1e-4);
        Assert.Equal(4.7135, orders.Ball, 1e-4);
        Assert.Equal(0.39828, orders.Cage, 1e-4);
    }

    [Fact]
    public void Balls_under_an_angle_pass_the_rings_as_the_formulas_say()
    {
        // r = 10/50 · cos 60° = 0.1: 8/2 · 0.9, 8/2 · 1.1, 5 · (1 - 0.01), 0.9/2.
        BearingOrders orders = BearingOrders.Of(8, 10, 50, 60);

        Assert.Equal([3.6, 4.4, 4.95, 0.45], Enumerable.Range(0, 4).Select(i => Math.Round(orders[i], 12)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(4096)]
    [InlineData(16_384)]
    public void The_transform_is_that_of_MathNet(int samples)
    {
        Noise noise = new(samples);
        Complex[] ours = [.. Enumerable.Range(0, samples).Select(_ => new Complex(noise.Gaussian(), noise.Gaussian()))];
        Complex[] given = [.. ours];
        Complex[] theirs = [.. ours];

        FourierTransform.Forward(ours);
        Fourier.Forward(theirs, FourierOptions.NoScaling);
        Assert.All(ours.Zip(theirs), pair => Assert.True((pair.First - pair.Second).Magnitude < 1e-10 * samples));

        FourierTransform.Inverse(ours);
        Assert.All(ours.Zip(given), pair => Assert.True(((pair.First / samples) - pair.Second).Magnitude < 1e-12));
    }

    [Fact]
    public void A_sine_has_the_features_of_a_sine()
    {
        // 100 whole periods.
        RunningModel model = Start("{}");
        Read(model, SignalBlocks.Of(8000, 8000, t => 3 * Math.Sin(2 * Math.PI * 100 * t)), 8000);

        Assert.Equal(["rms", "peak", "crest", "kurtosis"], model.Model.Features.Select(f => f.Name));
        Assert.Equal(3 / Math.Sqrt(2), model.State[0], 1e-9);
        Assert.Equal(3, model.State[1], 1e-9);
        Assert.Equal(Math.Sqrt(2), model.State[2], 1e-9);
        Assert.Equal(1.5, model.State[3], 1e-9);
        Assert.False(model.Prediction.HasValue);
        Assert.Equal("no bearing is given: there are only the features of vibration", model.Why);
    }

    [Fact]
    public void Gaussian_noise_has_a_kurtosis_of_three()
    {
        RunningModel model = Start("{}");
        Read(model, SignalBlocks.Gaussian(100_000, 1), Rate);

        // The kurtosis of n samples has the standard error √(24/n) = 0.015.
        Assert.InRange(model.State[3], 3 - 0.06, 3 + 0.06);
        Assert.InRange(model.State[0], 0.99, 1.01);
    }

    [Theory]
    [InlineData(0.1, 4096)]
    [InlineData(0.5, 4096)]
    [InlineData(0.5, 16_384)]
    [InlineData(1.0, 16_384)]
    public void A_modulated_carrier_has_the_depth_of_its_modulation(double m, int samples)
    {
        // (1 + m·cos)² = 1 + m²/2 + 2m·cos + m²/2·cos 2: with its mean as the unit, 2m/(1 + m²/2) at the frequency
        // and (m²/2)/(1 + m²/2) at twice of it. A rate of 8,192 Hz puts 128 Hz, 64 shaft turns of order 2, on a line.
        double[] block = SignalBlocks.Of(samples, 8192, t =>
            (1 + (m * Math.Cos(2 * Math.PI * 128 * t))) * Math.Cos(2 * Math.PI * 2048 * t));

        Assert.Equal(2 * m / (1 + (m * m / 2)), Depth(1), 1e-9);
        Assert.Equal(((2 * m) + (m * m / 2)) / (1 + (m * m / 2)), Depth(3), 1e-9);

        double Depth(int harmonics)
        {
            RunningModel model = Start($$"""{ "bpfo": 2, "speed": 3840, "slip": 0, "harmonics": {{harmonics}} }""");
            Read(model, block, 8192);
            return model.State[4];
        }
    }

    [Fact]
    public void A_modulation_between_two_lines_loses_at_most_what_the_window_lets_through()
    {
        // The Hann window's scalloping loss is 1.42 dB: 0.849 of the amplitude at worst.
        double[] block = SignalBlocks.Of(4096, 8192, t =>
            (1 + (0.5 * Math.Cos(2 * Math.PI * 129 * t))) * Math.Cos(2 * Math.PI * 2048 * t));
        RunningModel model = Start("""{ "bpfo": 129, "speed": 1, "speedUnit": "hertz", "harmonics": 1, "slip": 0 }""");
        Read(model, block, 8192);

        Assert.InRange(model.State[4] / (1 / 1.125), 0.848, 0.850);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(16_384)]
    [InlineData(10_001)]
    public void Impacts_at_the_rate_of_the_outer_ring_are_told(int samples)
    {
        RunningModel model = Start(Skf6205);
        Prediction said = Read(
            model, SignalBlocks.Defect(samples, Rate, 3.5848 * Shaft, 3300, 0.3, 7), Rate);

        Assert.True(said.Value > 2 * said.Threshold, $"{said.Value}");
        Assert.Equal(said.Value, Height(model, "bpfo"));
        Assert.StartsWith(
            "vibration: at the rate of the outer ring, 107.4 Hz, the envelope of 2,000 to 5,000 Hz is ",
            model.Why,
            StringComparison.Ordinal);
        Assert.EndsWith("times its floor, above 4", model.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Impacts_whose_load_turns_with_the_shaft_are_those_of_the_inner_ring()
    {
        RunningModel model = Start(Skf6205);
        Prediction said = Read(
            model, SignalBlocks.Defect(16_384, Rate, 5.4152 * Shaft, 3300, 0.3, 3, Shaft), Rate);

        Assert.True(said.Value > said.Threshold, $"{said.Value}");
        Assert.Equal("bpfi", model.Model.Contributions(said, model.State)[0].Name);
        Assert.Equal(1, model.Model.Contributions(said, model.State).Sum(c => c.Share), 1e-12);
    }

    [Fact]
    public void A_sound_bearing_is_not_called_defective_in_a_thousand_blocks()
    {
        List<double> values = [];
        RunningModel model = Start(Skf6205);
        for (int seed = 0; seed < 1000; seed++)
        {
            values.Add(Read(model, SignalBlocks.Gaussian(4096, seed), Rate).Value);
        }

        values.Sort();
        output.WriteLine($"of noise: median {values[500]:0.00}, 99 % {values[990]:0.00}, most {values[999]:0.00}");
        Assert.InRange(values[500], 1, 3);
        Assert.True(values[999] < 4, $"{values[999]}");
    }

    [Fact]
    public void The_speed_may_come_as_a_second_input()
    {
        RunningModel model = new(
            new SignalFeatures(Define(Skf6205.Replace(", \"speed\": 1797", "", StringComparison.Ordinal), 2)), 2);
        double[] block = SignalBlocks.Defect(16_384, Rate, 3.5848 * Shaft, 3300, 0.3, 7);

        Assert.False(Read(model, block, Rate, double.NaN).HasValue);
        Assert.Equal("the shaft's speed is not known, or it stands still", model.Why);
        Assert.False(Read(model, block, Rate, 0).HasValue);
        double forwards = Read(model, block, Rate, 1797).Value;
        Assert.True(forwards > 8);
        Assert.Equal(forwards, Read(model, block, Rate, -1797).Value);

        // At another speed nothing is where it was: none of the four has a multiple near one of 107.4 Hz.
        Assert.True(Read(model, block, Rate, 1000).Value < 4);
    }

    [Fact]
    public void A_block_too_short_for_the_cage_leaves_it_out()
    {
        // 4,096 samples at 12 kHz are 0.34 s: four turns of the cage, 11.9 Hz, under three widths of a line.
        RunningModel model = Start(Skf6205.Replace("1797", "600", StringComparison.Ordinal));
        Read(model, SignalBlocks.Gaussian(4096, 1), Rate);

        Assert.True(double.IsNaN(model.State[7]));
        Assert.False(double.IsNaN(model.State[4]));
    }

    [Fact]
    public void Depths_do_not_depend_on_loudness_or_offset() => Gen.Double[-9, 9].Sample(
        power =>
        {
            double[] block = SignalBlocks.Defect(4096, Rate, 3.5848 * Shaft, 3300, 0.3, 7);
            RunningModel plain = Start(Skf6205);
            RunningModel scaled = Start(Skf6205);
            double scale = Math.Pow(10, power);
            Read(plain, block, Rate);
            Read(scaled, [.. block.Select(x => (x + 0.5) * scale)], Rate);

            Assert.All(Enumerable.Range(4, 4), i => Assert.Equal(plain.State[i], scaled.State[i], 1e-6));
        },
        iter: 30,
        threads: 1);

    /// <summary>Crest and kurtosis have no unit; RMS and peak go with it, to the last bit for powers of two.</summary>
    [Theory]
    [InlineData(-1020)]
    [InlineData(-600)]
    [InlineData(-240)]
    [InlineData(240)]
    [InlineData(510)]
    [InlineData(1015)]
    public void Features_of_a_block_are_the_same_in_every_unit(int twos)
    {
        double[] block = SignalBlocks.Gaussian(4096, 3);
        WaveformFeatures usual = new WaveformBlock(block, Rate).Measure()!;
        WaveformFeatures scaled = new WaveformBlock([.. block.Select(x => Math.ScaleB(x, twos))], Rate).Measure()!;

        // Below 2^-1022 a double has fewer digits.
        double exact = twos < -1000 ? 1e-3 : 0;
        Assert.Equal(usual.Crest, scaled.Crest, exact);
        Assert.Equal(usual.Kurtosis, scaled.Kurtosis, exact);
        Assert.Equal(usual.Rms, Math.ScaleB(scaled.Rms, -twos), exact);
        Assert.Equal(usual.Peak, Math.ScaleB(scaled.Peak, -twos), exact);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-1.0 / 3)]
    [InlineData(1e-100)]
    [InlineData(1.1e-300)]
    [InlineData(7e299)]
    [InlineData(0.0)]
    public void A_constant_block_has_no_kurtosis_however_its_mean_is_rounded(double value)
    {
        foreach (int samples in new[] { 1, 3, 1000, 16_384 })
        {
            double[] block = [.. Enumerable.Repeat(value, samples)];
            WaveformFeatures features = new WaveformBlock(block, Rate).Measure()!;
            Assert.Equal(0, features.Kurtosis);
            Assert.Equal(value == 0 ? 0 : 1, features.Crest, 1e-9);
        }
    }

    [Fact]
    public void A_single_spike_on_a_large_offset_is_still_a_spike()
    {
        // n samples, one of which is off by d: kurtosis (n² - 3n + 3)/(n - 1), some n.
        double[] block = [.. Enumerable.Range(0, 1000).Select(i => 1e6 + (i == 500 ? 1 : 0))];
        Assert.Equal(
            ((1000.0 * 1000) - 3000 + 3) / 999, new WaveformBlock(block, Rate).Measure()!.Kurtosis, 0.01);
    }

    [Fact]
    public void Whatever_block_comes_it_says_finite_numbers_or_nothing()
    {
        Gen<double> sample = Gen.Frequency(
            (8, Gen.Double[-1, 1]),
            (1, Gen.OneOf(new[] { 0.0, 1.0, -1.0, 5e-324, 1e-300, 1e300, double.NaN, double.PositiveInfinity }
                .Select(Gen.Const).ToArray())));
        Gen<double> rate = Gen.OneOf(new[] { 12_000.0, 1e-9, 1e9, 0, -1, double.NaN }.Select(Gen.Const).ToArray());
        Gen<double[]> block = Gen.OneOf(
            sample.Array[0, 300],
            Gen.Select(Gen.Int[1, 5000], Gen.Double[-1e150, 1e150]).Select((n, x) => Enumerable.Repeat(x, n).ToArray()),
            Gen.Select(Gen.Int[1, 5000], Gen.Int[-150, 150], Gen.Double[0.1, 10]).Select((n, power, clip) =>
                SignalBlocks.Gaussian(n, n).Select(x => Math.Clamp(x, -clip, clip) * Math.Pow(10, power)).ToArray()));
        Gen.Select(block, rate, Gen.OneOf(Gen.Double[0, 4000], Gen.Const(double.NaN), Gen.Const(1e300))).Sample(
            (samples, hertz, speed) =>
            {
                RunningModel model = new(new SignalFeatures(Define(
                    """{ "balls": 9, "ballDiameter": 0.3126, "pitchDiameter": 1.537 }""", 2)), 2);
                Prediction said = Read(model, samples, hertz, speed);

                Assert.All(model.State, number => Assert.False(double.IsInfinity(number)));
                Assert.False(double.IsInfinity(said.Value));
                Assert.True(!said.HasValue || said.Value >= 0);
                Assert.DoesNotContain("NaN", model.Why, StringComparison.Ordinal);
            },
            iter: 1000,
            threads: 1);
    }

    [Fact]
    public void The_same_block_gives_the_same_bits()
    {
        double[] block = SignalBlocks.Defect(16_384, Rate, 3.5848 * Shaft, 3300, 0.3, 7);
        long[][] states = [.. Enumerable.Range(0, 8).AsParallel().Select(_ =>
        {
            RunningModel model = Start(Skf6205);
            Read(model, block, Rate);
            return model.State.Select(BitConverter.DoubleToInt64Bits).ToArray();
        })];

        Assert.All(states, state => Assert.Equal(states[0], state));
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(16_384)]
    public void A_block_costs_microseconds_and_leaves_nothing_behind(int samples)
    {
        RunningModel model = Start(Skf6205);
        double[] block = SignalBlocks.Gaussian(samples, 1);
        double[] numbers = [double.NaN];
        WaveformFeatures features = new WaveformBlock(block, Rate).Measure()!;
        for (int i = 0; i < 50; i++)
        {
            Update();
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 50; i++)
        {
            Update();
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        output.WriteLine($"{samples} samples: {took.TotalMicroseconds / 50:0} µs a block, "
            + $"{model.State.Length * sizeof(double)} bytes of state");
        Assert.Equal(0, bytes);

        void Update()
        {
            Prediction prediction = Prediction.None;
            ModelInput input = new(0, numbers, 1, double.NaN, false)
            {
                Waveform = new WaveformBlock(block, Rate) { Features = features },
            };
            model.Model.Update(input, model.State, ref prediction);
        }
    }

    [Theory]
    [InlineData("""{ "balls": 8.5 }""", "options.balls: expected a whole number from 1 to 1000, found 8.5")]
    [InlineData("""{ "bpfo": 3, "speed": 1, "harmonics": 2.5 }""", "options.harmonics: expected a whole number from 1")]
    [InlineData("""{ "balls": 9 }""", "options.balls: a bearing is balls, ballDiameter and pitchDiameter")]
    [InlineData("""{ "bpfo": 3.58 }""", "options.speed: a bearing's defects need the shaft's speed, here or as second")]
    [InlineData("""{ "slip": 0.05 }""", "options.slip: without a bearing (balls, ballDiameter and pitch")]
    [InlineData("""{ "speed": 1797 }""", "options.speed: without a bearing (")]
    [InlineData("""{ "contactAngle": 15 }""", "options.contactAngle: without a bearing (")]
    [InlineData("""{ "lower": 100 }""", "options.lower: without a bearing (")]
    [InlineData("""{ "bpfo": 3, "contactAngle": 9, "speed": 1 }""", "options.contactAngle: it goes with balls, ballD")]
    [InlineData("""{ "lower": 10, "upper": 5 }""", "options.upper: the band ends before it begins")]
    [InlineData("""{ "ball": 9 }""", "options.ball: Signals knows no such option: expected balls, ballDiameter")]
    [InlineData("""{ "speedUnit": "Hz" }""", "options.speedUnit: expected one of \"rpm\", \"hertz\", found \"Hz\"")]
    public void A_wrong_option_is_named(string options, string problem) => Assert.StartsWith(
        $"model 'watch': {problem}",
        Assert.Throws<DefinitionException>(() => Start(options)).Message,
        StringComparison.Ordinal);

    private static double Height(RunningModel model, string defect) => model.Model
        .Contributions(model.Prediction, model.State).Single(c => c.Name == defect).Seen!.Value;

    private static ModelDefinition Define(string options, int inputs) =>
        RunningModel.Define("Signals", options, "vibration", null) with
        {
            Inputs = inputs == 1 ? ["vibration"] : ["vibration", "speed"],
        };

    private static RunningModel Start(string options) => RunningModel.Start(Define(options, 1));

    private static Prediction Read(RunningModel model, double[] block, double rate, double speed = double.NaN) =>
        model.SendWaveform(0, new WaveformBlock(block, rate), speed);
}
