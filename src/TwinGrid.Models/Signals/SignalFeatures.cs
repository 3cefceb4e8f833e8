using System.Globalization;

namespace TwinGrid.Models.Signals;

/// <summary>
/// Numbers of a waveform block that other models run on, and whether a rolling bearing in it has a defect: at the rate
/// at which balls pass over it, the envelope of the vibration rises and falls.
/// </summary>
/// <remarks>
/// <para>Makes the telemetry <c>{model}.rms</c>, <c>.peak</c> (in the waveform's unit), <c>.crest</c> (peak / RMS;
/// √2 for a sine) and <c>.kurtosis</c> (3 for Gaussian noise, 1.5 for a sine) of every block; with a bearing also
/// <c>.bpfo</c>, <c>.bpfi</c>, <c>.bsf</c> and <c>.ftf</c>, the depths to which the squared envelope is modulated at
/// the frequencies of the outer ring, the inner ring, the balls and the cage (0 for none; a sum over
/// <c>harmonics</c>). Depths do not change with how loud the machine is.</para>
/// <para>Formula: <see cref="BearingOrders"/> and <see cref="EnvelopeSpectrum"/>, both after Randall and Antoni,
/// "Rolling element bearing diagnostics: a tutorial", Mechanical Systems and Signal Processing 25 (2011). A harmonic's
/// line is the greatest within <c>slip</c> of its frequency.</para>
/// <para>Says, with a bearing: <c>value</c> by how much the highest defect stands above the floor, its lines' mean over
/// the median line; of noise alone it is some 2, and at <c>threshold</c> (4) hardly ever. <c>expected</c> is 1, the
/// floor. Without a bearing, while the speed is unknown or none, and where the block is too short for the frequency it
/// says nothing.</para>
/// <para>Inputs: the waveform, then, where it varies, the shaft's speed; a negative one turns the other way, which
/// changes nothing. Options: <c>balls</c>, <c>ballDiameter</c>, <c>pitchDiameter</c>, <c>contactAngle</c> (0), or
/// <c>bpfo</c>, <c>bpfi</c>, <c>bsf</c>, <c>ftf</c> as multiples of the speed; then <c>speed</c>, <c>speedUnit</c>
/// (rpm), <c>lower</c>, <c>upper</c>, <c>harmonics</c> (3), <c>slip</c> (0.02), <c>threshold</c> (4). Without a bearing
/// there are none.</para>
/// <para>Fails where the band holds no resonance that the defect excites, where the speed changes by more than slip
/// within a block, and on planet gears; a defect's frequency that falls on a multiple of the shaft's cannot be told
/// from an impact once a turn.</para>
/// </remarks>
internal sealed class SignalFeatures : PredictiveModel<SignalFeaturesState>
{
    public const string TypeName = "Signals";

    /// <summary>What stands below this many widths of a tone cannot be told from what does not change.</summary>
    private const double FewestWidths = 1.5;

    /// <summary>A floor of nothing but rounding makes no greater height.</summary>
    private const double Highest = 1e6;

    private static readonly ModelFeature[] _ofBlock =
        [new("rms", true), new("peak", true), new("crest"), new("kurtosis")];

    private static readonly ModelFeature[] _ofBearing =
        [.. _ofBlock, new("bpfo"), new("bpfi"), new("bsf"), new("ftf")];

    private readonly SignalFeaturesOptions _options;
    private readonly string _input;
    private readonly bool _hasSpeedInput;

    public SignalFeatures(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        int inputs = options.InputsWithoutOutput(1, 2, "a waveform and, where it varies, the shaft's speed");
        _input = definition.Inputs[0];
        _hasSpeedInput = inputs == 2;
        _options = SignalFeaturesOptions.Read(options, _hasSpeedInput);
    }

    public override int WaveformInput => 0;

    public override IReadOnlyList<ModelFeature> Features => _options.Orders is null ? _ofBlock : _ofBearing;

    protected override void Initialize(ref SignalFeaturesState state)
    {
        Forget(ref state);
        ((Span<double>)state.Heights).Fill(double.NaN);
    }

    protected override void Update(in ModelInput input, ref SignalFeaturesState state, ref Prediction prediction)
    {
        Forget(ref state);
        if (input.Waveform.IsEmpty || (input.Waveform.Features ?? input.Waveform.Measure()) is not { } features)
        {
            return;
        }

        state.Rms = features.Rms;
        state.Peak = features.Peak;
        state.Crest = features.Crest;
        state.Kurtosis = features.Kurtosis;
        prediction = Prediction.None with { At = input.Time };
        if (_options.Orders is { } orders)
        {
            double speed = _hasSpeedInput ? input.Inputs[1] : _options.Speed;

            // Balls pass a defect as often whichever way the shaft turns.
            state.Speed = Math.Abs(_options.SpeedUnit == SpeedUnit.Rpm ? speed / 60 : speed);
            Demodulate(input.Waveform, features, orders, ref state);
            Say(state, ref prediction);
        }
    }

    protected override string Explain(in Prediction prediction, in SignalFeaturesState state)
    {
        if (_options.Orders is not { } orders)
        {
            return $"no bearing is given: there are only the features of {_input}";
        }

        if (!(state.Upper > 0))
        {
            return $"no block of {_input} has come yet";
        }

        int most = MostLikely(state.Heights);
        if (!prediction.HasValue || most < 0)
        {
            return state.Speed > 0
                ? "the blocks are too short, or their band too narrow, for the defects' frequencies"
                : "the shaft's speed is not known, or it stands still";
        }

        double frequency = orders[most] * state.Speed;
        string bound = prediction.Value >= _options.Threshold ? "above" : "below";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_input}: at the rate of the {BearingOrders.Part(most)}, {Wording.Number(frequency)} Hz, the envelope of "
            + $"{Wording.Number(state.Lower)} to {Wording.Number(state.Upper)} Hz is "
            + $"{Wording.Number(prediction.Value)} times its floor, {bound} {Wording.Number(_options.Threshold)}");
    }

    protected override IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, in SignalFeaturesState state)
    {
        double[] heights = ((ReadOnlySpan<double>)state.Heights).ToArray();
        double sum = heights.Sum(height => double.IsNaN(height) ? 0 : height);
        return !prediction.HasValue || sum <= 0
            ? []
            :
            [
                .. heights.Select((height, defect) => new Contribution(
                        _ofBearing[_ofBlock.Length + defect].Name, 1, height, height / sum))
                    .Where(named => !double.IsNaN(named.Share))
                    .OrderByDescending(named => named.Share),
            ];
    }

    // What is not said anew with this message is nothing new.
    private static void Forget(ref SignalFeaturesState state)
    {
        (state.Rms, state.Peak, state.Crest, state.Kurtosis) = (double.NaN, double.NaN, double.NaN, double.NaN);
        ((Span<double>)state.Depths).Fill(double.NaN);
    }

    private void Demodulate(
        in WaveformBlock block, WaveformFeatures features, in BearingOrders orders, ref SignalFeaturesState state)
    {
        ((Span<double>)state.Heights).Fill(double.NaN);
        state.Lower = _options.Lower ?? Math.Min(2_000, features.Rate / 8);
        state.Upper = _options.Upper ?? Math.Min(10_000, 0.4 * features.Rate);
        if (!(state.Speed > 0) || !Magnitude.IsUsable(state.Speed))
        {
            return;
        }

        using EnvelopeSpectrum spectrum =
            EnvelopeSpectrum.Of(block, features.Mean, features.Peak, state.Lower, state.Upper);
        double highest = 0;
        for (int defect = 0; defect < BearingOrders.Count; defect++)
        {
            double frequency = orders[defect] * state.Speed;
            int harmonics = Harmonics(spectrum, frequency);
            if (harmonics == 0)
            {
                continue;
            }

            double depth = 0;
            for (int harmonic = 1; harmonic <= harmonics; harmonic++)
            {
                depth += spectrum.Peak(
                    harmonic * frequency * (1 - _options.Slip), harmonic * frequency * (1 + _options.Slip));
            }

            state.Depths[defect] = depth;
            state.Heights[defect] = depth / harmonics;
            highest = Math.Max(highest, harmonics * frequency);
        }

        // The floor sorts the lines: it comes last.
        double floor = spectrum.Floor(1.25 * highest);
        foreach (ref double height in (Span<double>)state.Heights)
        {
            height = height > 0 && !(height < Highest * floor) ? Highest : height > 0 ? height / floor : height;
        }
    }

    /// <summary>How many multiples of a frequency the spectrum can show.</summary>
    private int Harmonics(in EnvelopeSpectrum spectrum, double frequency)
    {
        double last = (spectrum.Count - 1) * spectrum.Step;
        return frequency >= FewestWidths * spectrum.Width * spectrum.Step
            ? (int)Math.Min(_options.Harmonics, last / (frequency * (1 + _options.Slip)))
            : 0;
    }

    private void Say(in SignalFeaturesState state, ref Prediction prediction)
    {
        int most = MostLikely(state.Heights);
        if (most >= 0)
        {
            prediction.Value = state.Heights[most];
            prediction.Expected = 1;
            prediction.Threshold = _options.Threshold;
            prediction.Horizon = 0;
        }
    }

    private static int MostLikely(ReadOnlySpan<double> heights)
    {
        int most = -1;
        for (int defect = 0; defect < heights.Length; defect++)
        {
            bool isMore = !double.IsNaN(heights[defect]) && (most < 0 || heights[defect] > heights[most]);
            most = isMore ? defect : most;
        }

        return most;
    }
}
