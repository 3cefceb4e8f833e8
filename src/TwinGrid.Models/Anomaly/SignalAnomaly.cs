namespace TwinGrid.Models.Anomaly;

/// <summary>What <see cref="SignalAnomaly"/> knows of a twin: 23 doubles.</summary>
internal struct SignalAnomalyState
{
    public LevelMixture Level;
    public double Readings;
    public double Latest;

    /// <summary>Mean absolute residual, and mean absolute distance of the short mean from the slow one.</summary>
    public double Spread;
    public double RunSpread;

    /// <summary>The least change between two readings that differ: the step of a coarse sensor.</summary>
    public double Quantum;

    /// <summary>Exponential mean of the last readings, to be held against the slow one.</summary>
    public double Short;

    /// <summary>Readings in a row far above (positive) or below (negative) what was expected.</summary>
    public double Surprises;

    public TailEstimate Residuals;
    public TailEstimate Runs;
}

/// <summary>
/// How unusual one telemetry is, 0 to 1, learnt online and without training: a reading is judged by what was
/// expected of it, by the noise of late, and by how heavy the noise's tail is; and so is the run of late readings.
/// </summary>
/// <remarks>
/// <para>Formula: residual r = x - expected (<see cref="LevelMixture"/>); z = |r|/σ, σ from the Huberised exponential
/// mean of |r|; p₁ the tail probability of z (<see cref="TailEstimate"/>). For runs: d = short mean (gain
/// <see cref="ShortGain"/>, surprises clipped) - slow mean; p₂ the tail probability of |d| in its own spread: as in
/// Lavin and Ahmad's likelihood (NAB 2015) a short window against a long one.
/// p = min(1, 2 min(p₁, p₂)); score = 1 - √p. So a normal reading passes a score s with probability
/// (1 - s)²: 0.9 one in 100, 0.99 one in 10,000, 0.995 one a month at a reading a minute.</para>
/// <para>Says: nothing for the first <c>warmup</c> readings; then <c>value</c> the score, <c>expected</c>,
/// <c>residual</c>, <c>lower</c> and <c>upper</c> the band that a reading must leave to reach the threshold by
/// itself, <c>confidence</c> the band's coverage, <c>threshold</c> the option. Expected, residual and band are in the
/// input's unit.</para>
/// <para>Adapts: a level that stays is the new level after <see cref="SurprisesBelieved"/> readings; noise that
/// grows is normal after some tens of readings; one spike moves nothing by more than three sigmas.</para>
/// <para>Options: <c>threshold</c> (0.99), <c>warmup</c> (30 readings), <c>memory</c> (500 readings).</para>
/// <para>Fails where seasons repeat (a daily peak is a surprise each day, if it comes fast), on slow drifts (use
/// TrendToLimit), and on the first change of a signal that was constant (there is no noise to judge it by). A gap
/// counts as one step: readings are counted, not time, so clocks do not matter.</para>
/// </remarks>
internal sealed class SignalAnomaly : PredictiveModel<SignalAnomalyState>
{
    public const string TypeName = "Anomaly";

    /// <summary>How much the newest reading counts in the short mean: about the last ten matter.</summary>
    public const double ShortGain = 0.2;

    /// <summary>So many surprises in a row on one side are a new level.</summary>
    public const int SurprisesBelieved = 10;

    private const double FarInSigmas = 3;
    private const double SigmasPerMeanAbsolute = 1.2533;
    private const double SpreadMemoryShare = 0.2;

    private readonly string _input;
    private readonly SignalAnomalyOptions _options;
    private readonly double _bandMiss;

    public SignalAnomaly(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        _input = options.OnlyInput();
        _options = SignalAnomalyOptions.Read(options);
        _bandMiss = (1 - _options.Threshold) * (1 - _options.Threshold);
    }

    protected override void Initialize(ref SignalAnomalyState state)
    {
        state.Residuals.Begin();
        state.Runs.Begin();
    }

    protected override void Update(in ModelInput input, ref SignalAnomalyState state, ref Prediction prediction)
    {
        if ((input.InputsChanged & 1) == 0 || !Magnitude.IsUsable(input.Inputs[0]))
        {
            return;
        }

        double value = input.Inputs[0];
        if (state.Readings == 0)
        {
            prediction = Prediction.None with { At = input.Time, Threshold = _options.Threshold };
            state.Level.Learn(value, double.PositiveInfinity);
            (state.Latest, state.Short) = (value, value);
            state.Readings = 1;
            return;
        }

        double indistinct = Indistinct(state, value);
        double expected = state.Level.Expect(indistinct);
        double sigma = Math.Max(SigmasPerMeanAbsolute * state.Spread, indistinct);
        double residual = value - expected;
        double size = Math.Min(Math.Abs(residual) / sigma, 1e6);
        double clip = 4 * sigma;
        state.Short += ShortGain * Math.Clamp(value - state.Short, -clip, clip);
        double run = Math.Abs(state.Short - state.Level.Slow);
        double runSize = Math.Min(run / Math.Max(SigmasPerMeanAbsolute * state.RunSpread, indistinct), 1e6);

        prediction = Prediction.None with { At = input.Time, Threshold = _options.Threshold };
        if (state.Readings >= _options.Warmup)
        {
            Say(state, expected, sigma, residual, Score(state, size, runSize), ref prediction);
        }

        LearnNoise(ref state, residual, sigma, size, run, runSize);
        LearnLevel(ref state, value, residual, sigma, size);
        LearnQuantum(ref state, Math.Abs(value - state.Latest));
        state.Latest = value;
        state.Readings = Math.Min(state.Readings + 1, 1e9);
    }

    protected override string Explain(in Prediction prediction, in SignalAnomalyState state)
    {
        if (!prediction.HasValue)
        {
            return $"{_input} is still being learnt: {Wording.Number(state.Readings)} of "
                + $"{Wording.Number(_options.Warmup)} readings";
        }

        string score = $"; score {Wording.Number(prediction.Value)}, threshold {Wording.Number(prediction.Threshold)}";
        string value = $"{_input} is {Wording.Number(prediction.Expected + prediction.Residual)}";
        string expected = Wording.Number(prediction.Expected);
        string normal = $"normal {Wording.Number(prediction.Lower)} to {Wording.Number(prediction.Upper)}";
        bool inside = prediction.Expected + prediction.Residual >= prediction.Lower
            && prediction.Expected + prediction.Residual <= prediction.Upper;
        if (inside && prediction.Value >= prediction.Threshold)
        {
            string side = state.Short < state.Level.Slow ? "below" : "above";
            return $"{value} and has kept {side} what was expected, now {expected} ({normal}){score}";
        }

        return $"{value} where {expected} was expected ({normal}){score}";
    }

    private static double Indistinct(in SignalAnomalyState state, double value) => Math.Max(
        state.Quantum / 2,
        (Magnitude.Rounding * Math.Max(Math.Abs(value), Math.Abs(state.Latest))) + Magnitude.Smallest);

    private static double Score(in SignalAnomalyState state, double size, double runSize)
    {
        double rarer = Math.Min(state.Residuals.Exceedance(size), state.Runs.Exceedance(runSize));
        return 1 - Math.Sqrt(Math.Min(1, 2 * rarer));
    }

    private void Say(
        in SignalAnomalyState state, double expected, double sigma, double residual, double score,
        ref Prediction prediction)
    {
        double reach = sigma * state.Residuals.SizeAt(_bandMiss / 2);
        prediction.Value = score;
        prediction.Expected = expected;
        prediction.Residual = residual;
        prediction.Lower = expected - reach;
        prediction.Upper = expected + reach;
        prediction.Confidence = 1 - _bandMiss;
        prediction.Horizon = 0;
    }

    private void LearnNoise(
        ref SignalAnomalyState state, double residual, double sigma, double size, double run, double runSize)
    {
        // The size of the noise is followed faster than the shape of its tail.
        double recent = 1 / Math.Min(state.Readings, SpreadMemoryShare * _options.Memory);
        bool young = state.Readings < SurprisesBelieved;
        double clip = young ? double.PositiveInfinity : FarInSigmas * sigma;
        state.Spread += recent * (Math.Min(Math.Abs(residual), clip) - state.Spread);
        double runClip = young ? double.PositiveInfinity : FarInSigmas * Math.Max(state.RunSpread, sigma / 4);
        state.RunSpread += (Math.Min(run, runClip) - state.RunSpread) / Math.Min(state.Readings, _options.Memory);
        if (!young)
        {
            state.Residuals.Learn(size, state.Readings, _options.Memory);
            state.Runs.Learn(runSize, state.Readings, _options.Memory);
        }
    }

    private static void LearnLevel(
        ref SignalAnomalyState state, double value, double residual, double sigma, double size)
    {
        double side = Math.Sign(residual);
        bool goesOn = side * state.Surprises > 0;
        state.Surprises = size <= FarInSigmas ? 0 : goesOn ? state.Surprises + side : side;
        if (Math.Abs(state.Surprises) >= SurprisesBelieved)
        {
            state.Level.StartAt(value);
            state.Short = value;
            state.Surprises = 0;
            return;
        }

        bool young = state.Readings < SurprisesBelieved;
        state.Level.Learn(value, young ? double.PositiveInfinity : FarInSigmas * sigma);
    }

    /// <summary>The least step is taken at once and forgotten slowly, at most doubling in a hundred changes.</summary>
    private static void LearnQuantum(ref SignalAnomalyState state, double change)
    {
        if (change > 0)
        {
            state.Quantum = state.Quantum == 0 ? change : Math.Min(change, state.Quantum * 1.007);
        }
    }
}
