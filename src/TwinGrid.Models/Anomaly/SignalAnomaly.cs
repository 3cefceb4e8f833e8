namespace TwinGrid.Models.Anomaly;

/// <summary>
/// How unusual one telemetry is, 0 to 1, learnt online and without training. A reading is odd by its distance from
/// what is usual at that hour of the day, by the mean of such distances of late, by its step from the reading before,
/// or because nothing like it was ever seen; each is judged by its own spread and tail, and what happens often is
/// not odd.
/// </summary>
/// <remarks>
/// <para>Formula: expected e from <see cref="DayProfile"/> (the mean, where the hour is new); residual r = x - e in
/// units of the hour's spread; surprises s = -log10 p of |r|, of its exponential mean (gain
/// <see cref="ShortGain"/>) and of the step, each p from <see cref="Surprise"/> (peaks over a threshold), and of a new
/// extreme (<see cref="SeenRange"/>). The greatest, weighted 1, 0.7, 0.6, 1, goes through <see cref="EventMemory"/>,
/// which knows how often this signal does such things; score = 1 - √chance, up to 0.97. So 0.9 is meant as one in 100
/// readings; it errs towards silence (of Gaussian noise 0.52 % reached 0.9, 0.02 % reached 0.95). Higher scores, for
/// alarms, are those that several views together give (<see cref="JointSurprise"/>): 0.99 is meant as once in 30 days,
/// so a signal that is read less than once a minute has a lower bar, down to one an hour (<see cref="Pace"/>), and
/// there one view is enough for more. Kept on real stretches without faults; made-up noise alarmed 0 to 1 times in its
/// first 30 days at one a minute, 3 to 6 times at one in five minutes, 0.8 to 1.5 times a month at one an hour.
/// Tail: Siffer et al., KDD 2017. The constants here, of the range and of the events were chosen on 31 files of the
/// Numenta Anomaly Benchmark, read every 5 to 60 minutes (73.8 there at 0.99, 77.5 at their best threshold).</para>
/// <para>Says: nothing for the first <c>warmup</c> readings; then <c>value</c> the score, <c>expected</c> and
/// <c>residual</c> in the input's unit, <c>threshold</c> the option. <c>lower</c>, <c>upper</c> and <c>confidence</c>
/// are empty: a score has no interval. The reason names the normal band of the reading.</para>
/// <para>Adapts: a level that stays is the new level after <see cref="SurprisesBelieved"/> readings, a daily course
/// after two days, noise that grows after some hundred readings; one spike moves nothing by more than a few sigmas.
/// Useful after <c>warmup</c> readings, with the daily course from the second day.</para>
/// <para>Options: <c>threshold</c> (0.99), <c>warmup</c> (30 readings), <c>memory</c> (5,000 readings), <c>tell</c>
/// (<c>always</c>; <c>once</c> tells each event once).</para>
/// <para>Fails on slow drifts (use TrendToLimit), on weekly and other courses that are no day's, on a change of
/// shape that keeps level, steps and range, and says little of the first change of a signal that was constant (there
/// is no noise to judge it by, so it is simply odd). Read faster than once a minute it is meant to alarm once in 43,200
/// readings, which is oftener than once in 30 days. Apart from the hour and the bar of an alarm, readings are counted,
/// not time.</para>
/// </remarks>
internal sealed class SignalAnomaly : PredictiveModel<SignalAnomalyState>
{
    public const string TypeName = "Anomaly";

    /// <summary>How much the newest residual counts in the short mean.</summary>
    public const double ShortGain = 0.1;

    /// <summary>So many far readings in a row on one side are a new level.</summary>
    public const int SurprisesBelieved = 200;

    private const double RunWeight = 0.7;
    private const double StepWeight = 0.6;

    /// <summary>
    /// A score of 0.97 at a reading a minute: beyond, normal signals are as odd in one view as broken ones.
    /// </summary>
    private const double MostOfOneView = 3.05;

    /// <summary>
    /// So much more for each power of ten of <see cref="Pace"/>: what is read seldom is less an echo of itself.
    /// </summary>
    private const double MostBySlowness = 2.0 / 3;

    private static readonly EventRules OneView = new(
        Pause: 100, Margin: 0.5, Memory: 10_000, Free: 2, Penalty: 2, Exponent: 0.7, LeastExperience: 300);

    /// <summary>An event is told again when one view or all find it rarer by so many powers of ten.</summary>
    private const double ToldAgain = 0.4;

    /// <summary>A score of 0.9: what is less is no event.</summary>
    private const double LeastTold = 2;

    private const double FarInSigmas = 3;
    private const double WildInSigmas = 8;
    private const int Young = 10;

    /// <summary>The last of them say where it is, because the mean went some of the way by itself.</summary>
    private const double LevelReadings = 20;

    private readonly string _input;
    private readonly SignalAnomalyOptions _options;

    public SignalAnomaly(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        _input = options.OnlyInput();
        _options = SignalAnomalyOptions.Read(options);
    }

    public override int Version => 4;

    protected override void Initialize(ref SignalAnomalyState state)
    {
        state.Level.Begin();
        state.Run.Begin();
        state.Step.Begin();
    }

    protected override void Update(in ModelInput input, ref SignalAnomalyState state, ref Prediction prediction)
    {
        if ((input.InputsChanged & 1) == 0 || !Magnitude.IsUsable(input.Inputs[0]))
        {
            return;
        }

        double value = input.Inputs[0];
        prediction = Prediction.None with { At = input.Time, Threshold = _options.Threshold };
        if (state.Readings == 0)
        {
            (state.Latest, state.Earlier, state.Mean) = (value, value, value);
            state.Range.StartAt(value);
        }

        state.Pace.Learn(input.Time, state.Readings);
        bool known = state.Day.TryExpect(input.Time, out double expected, out double spread);
        expected = (known ? expected : state.Mean) + state.Shift;
        double residual = value - expected;
        double width = state.Readings < Young ? double.PositiveInfinity : state.Range.Highest - state.Range.Lowest;
        (double rarity, double toldOnce) = Judge(ref state, value, residual, Relative(state, spread));
        if (state.Readings >= _options.Warmup)
        {
            double told = _options.Tell == Telling.Always ? rarity : toldOnce;
            prediction.Value = 1 - Math.Exp(told * (-Math.Log(10) / 2));
            prediction.Expected = expected;
            prediction.Residual = residual;
            prediction.Horizon = 0;
        }

        LearnLevel(ref state, residual, Relative(state, spread));
        LearnCourse(input.Time, ref state, expected, Math.Clamp(residual, -width, width));
        LearnQuantum(ref state, Math.Abs(value - state.Latest));
        (state.Earlier, state.Latest) = (state.Latest, value);
        state.Readings++;
    }

    protected override IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, in SignalAnomalyState state) => prediction.HasValue
            ? [new Contribution(_input, prediction.Expected, prediction.Expected + prediction.Residual, 1)]
            : [];

    protected override string Explain(in Prediction prediction, in SignalAnomalyState state)
    {
        if (!prediction.HasValue)
        {
            return $"{_input} is still being learnt: {Wording.Number(state.Readings)} of "
                + $"{Wording.Number(_options.Warmup)} readings";
        }

        double rarity = state.Pace.AmongReadings(-2 * Math.Log10(1 - _options.Threshold));
        state.Day.TryExpect(prediction.At, out _, out double spread);
        double reach = state.Level.DeviationAt(rarity, Indistinct(state)) * Relative(state, spread);
        string normal = $"normal {Wording.Number(prediction.Expected - reach)} to "
            + Wording.Number(prediction.Expected + reach);
        string seen = $"{_input} is {Wording.Number(prediction.Expected + prediction.Residual)} where "
            + $"{Wording.Number(prediction.Expected)} was expected ({normal})";
        string score = $"; score {Wording.Number(prediction.Value)}, threshold {Wording.Number(prediction.Threshold)}";
        return prediction.Value < prediction.Threshold ? seen + score : $"{seen}: {Reason(state)}{score}";
    }

    private static string Reason(in SignalAnomalyState state) => (Oddity)state.Oddest switch
    {
        Oddity.Run => state.Short < 0 ? "it has kept below" : "it has kept above",
        Oddity.Step => "a step like that is rare",
        Oddity.Range => "it was never seen as far out",
        _ => "so far off is rare at this hour",
    };

    /// <summary>How many times wider than usual this hour is.</summary>
    private static double Relative(in SignalAnomalyState state, double spread) =>
        double.IsNaN(spread) || state.Spread <= 0 ? 1 : Math.Max(spread / state.Spread, 0.1);

    private static double Indistinct(in SignalAnomalyState state) => Math.Max(
        state.Quantum / 2, (Magnitude.Rounding * Math.Abs(state.Latest)) + Magnitude.Smallest);

    /// <summary>
    /// The power of ten of how rare a reading is at its pace: up to <see cref="MostOfOneView"/> by its oddest view,
    /// beyond that by all views together. Then the same where an event has not been told before, else 0.
    /// </summary>
    private (double Rarity, double ToldOnce) Judge(
        ref SignalAnomalyState state, double value, double residual, double relative)
    {
        double readings = state.Readings;
        double memory = _options.Memory;
        double indistinct = Indistinct(state);
        double wild = WildInSigmas * Math.Max(state.Level.Sigma, indistinct);
        double distance = residual / relative;
        state.Short += ShortGain * (Math.Clamp(distance, -wild, wild) - state.Short);

        double level = state.Level.Learn(distance, indistinct, readings, memory);
        double run = state.Run.Learn(state.Short, indistinct, readings, memory);
        // The way back from one spike is no second step.
        double change = Math.Min(Math.Abs(value - state.Latest), Math.Abs(value - state.Earlier)) / relative;
        double step = state.Step.Learn(change, indistinct, readings, memory);
        double outside = state.Range.Learn(value, state.Mean + state.Shift, indistinct);
        double counted = Math.Clamp(readings, 1, EventMemory.MostExperience);
        (double most, Oddity oddest) = Oddest(level, run, step, SeenRange.Surprise(outside, counted));
        state.Oddest = (double)oddest;

        double one = state.Events.Learn(most, readings, OneView, out bool isNewByOne);
        double mostOfOne = MostOfOneView + (MostBySlowness * state.Pace.Decades);
        one = Math.Min(one, mostOfOne);
        double all = JointSurprise.Of(level, step, outside, counted);
        all = state.JointEvents.Learn(all, readings, JointSurprise.Events, out bool isNewByAll);
        all = JointSurprise.Rarity(all) > mostOfOne ? JointSurprise.Rarity(all) : 0;
        double fresh = Math.Max(isNewByOne ? one : 0, isNewByAll ? all : 0);
        return (
            state.Pace.AmongMinutes(Math.Max(one, all)),
            state.Pace.AmongMinutes(Untold(ref state, fresh)));
    }

    /// <summary>The same, or 0 where an event that was told of late was about as rare.</summary>
    private static double Untold(ref SignalAnomalyState state, double rarity)
    {
        bool isOver = state.Readings - state.ToldAt > OneView.Pause;
        if (!isOver && rarity < state.Told + ToldAgain)
        {
            return 0;
        }

        if (rarity > LeastTold)
        {
            (state.Told, state.ToldAt) = (rarity, state.Readings);
        }

        return rarity;
    }

    private static (double Surprise, Oddity View) Oddest(double level, double run, double step, double range)
    {
        (double most, Oddity oddest) = (level, Oddity.Level);
        Prefer(RunWeight * run, Oddity.Run);
        Prefer(StepWeight * step, Oddity.Step);
        Prefer(range, Oddity.Range);
        return (most, oddest);

        void Prefer(double surprise, Oddity oddity)
        {
            if (surprise > most)
            {
                (most, oddest) = (surprise, oddity);
            }
        }
    }

    private static void LearnLevel(ref SignalAnomalyState state, double residual, double relative)
    {
        double far = FarInSigmas * Math.Max(state.Level.Sigma, Indistinct(state)) * relative;
        double side = Math.Abs(residual) <= far ? 0 : Math.Sign(residual);
        bool goesOn = side * state.Surprises > 0;
        state.Surprises = goesOn ? state.Surprises + side : side;
        double recent = Math.Min(Math.Max(1, Math.Abs(state.Surprises)), LevelReadings);
        state.SurpriseMean = side == 0 ? 0 : state.SurpriseMean + ((residual - state.SurpriseMean) / recent);
        if (Math.Abs(state.Surprises) >= SurprisesBelieved)
        {
            state.Shift += state.SurpriseMean;
            (state.Surprises, state.SurpriseMean, state.Short) = (0, 0, 0);
        }
    }

    /// <summary>A residual is believed up to the width of all that was seen before it.</summary>
    private void LearnCourse(long time, ref SignalAnomalyState state, double expected, double residual)
    {
        double recent = 1 / Math.Min(state.Readings + 1, _options.Memory);
        double value = expected - state.Shift + residual;
        state.Mean += recent * (value - state.Mean);
        state.Spread += recent * (Math.Abs(residual) - state.Spread);
        state.Day.Learn(time, value, residual);
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
