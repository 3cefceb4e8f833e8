using System.Globalization;

namespace TwinGrid.Models.Rhythm;

/// <summary>What <see cref="HeartRhythm"/> knows of a wearer: 74 doubles.</summary>
internal struct HeartRhythmState
{
    public EctopicFilter Filter;
    public BeatWords Words;

    /// <summary>The step of the rate of the last beat; negative after a break.</summary>
    public double Symbol;

    /// <summary>1 while the heart fibrillates, else 0.</summary>
    public double Fibrillates;

    public long LastTime;
}

/// <summary>
/// Atrial fibrillation from the intervals between heart beats, beat by beat, without a look ahead and without
/// training: fibrillating atria make the intervals irregular in no repeating way.
/// </summary>
/// <remarks>
/// <para>Formula: extra beats are taken out (<see cref="EctopicFilter"/>); the rest become words whose variety is
/// measured (<see cref="BeatWords"/>, Zhou et al. 2014, but of two beats instead of three). Irregularity is the mean
/// of the varieties of the last 64, 127 and 200 beats, each relative to its median in fibrillation. It begins
/// where irregularity passes <c>enter</c> and the last 16 beats pass <c>leave</c>, and ends where these fall below:
/// the long windows are sure, the short one is quick. Zhou's own rule looks 63 beats ahead.</para>
/// <para>Says, from the 17th interval on: <c>value</c> a score in [0,1], at or above <c>threshold</c> 0.5 exactly while
/// it is fibrillation. It lags by up to a hundred beats at a beginning, up to thirty at an end. No diagnosis: a
/// screen.</para>
/// <para>Its contributions: <c>{input}.irregularity64</c>, 127 and 200, and 16 for the last beats, 1 where it is as
/// usual in fibrillation; which of them decided, their shares say.</para>
/// <para>Input: one telemetry, the interval from beat to beat; each message is one beat. Intervals outside 0.2 to
/// 3 s are no beats (a missed or doubled detection): the word that they would be part of is left out.</para>
/// <para>Options: <c>unit</c> (<c>seconds</c>; <c>milliseconds</c>), <c>enter</c> (0.475), <c>leave</c> (0.3),
/// <c>maxGap</c> (5m). The defaults and the constants were chosen on 12 of the 23 records of the MIT-BIH Atrial
/// Fibrillation Database: accuracy 97.2 there, 97.0 where the two thresholds are chosen without the record that is
/// judged.</para>
/// <para>Fails on fibrillation conducted regularly (flutter-like, 2:1; or paced), which it takes for none, and on
/// bursts of extra beats in no pattern, which it takes for fibrillation. Episodes shorter than some 60 beats are
/// mostly missed.</para>
/// </remarks>
internal sealed class HeartRhythm : PredictiveModel<HeartRhythmState>
{
    public const string TypeName = "HeartRhythm";

    private const double Shortest = 0.2;
    private const double Longest = 3;
    private const double RateStep = 5;
    private const int MostSteps = 63;
    private const int FewestWords = 15;

    // Medians over the beats of fibrillation of 12 records.
    private const double Usual16 = 0.908;
    private const double Usual64 = 0.795;
    private const double Usual127 = 0.663;
    private const double Usual200 = 0.558;

    private const double Undecided = 0.5;
    private const double JustBelow = 0.4999;

    private readonly string _input;
    private readonly HeartRhythmOptions _options;
    private readonly double _unit;
    private readonly long _maxGap;

    public HeartRhythm(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        _input = options.OnlyInput();
        _options = HeartRhythmOptions.Read(options);
        _unit = _options.Unit == BeatUnit.Milliseconds ? 0.001 : 1;
        _maxGap = UnixMicroseconds.From(_options.MaxGap.Value);
    }

    public override int Version => 2;

    protected override void Initialize(ref HeartRhythmState state)
    {
        state.Symbol = -1;
        state.LastTime = UnixMicroseconds.Absent;
    }

    protected override void Update(in ModelInput input, ref HeartRhythmState state, ref Prediction prediction)
    {
        if ((input.InputsChanged & 1) == 0)
        {
            return;
        }

        // In doubles: the difference of two wild times may not fit a long.
        if (state.LastTime != UnixMicroseconds.Absent && (double)input.Time - state.LastTime > _maxGap)
        {
            state = default;
            Initialize(ref state);
            prediction = Prediction.None with { At = input.Time };
        }

        state.LastTime = input.Time;
        double interval = input.Inputs[0] * _unit;
        if (interval is not (>= Shortest and <= Longest))
        {
            // The interval that waits belongs to the beats before the break.
            Learn(ref state, state.Filter.Release());
            state.Symbol = -1;
            return;
        }

        Learn(ref state, state.Filter.Take(interval));
        if (state.Words.Count >= FewestWords)
        {
            Decide(ref state);
            prediction = Prediction.None with
            {
                At = input.Time,
                Value = Score(state),
                Horizon = 0,
                Threshold = Undecided,
            };
        }
    }

    protected override string Explain(in Prediction prediction, in HeartRhythmState state)
    {
        if (!prediction.HasValue)
        {
            return "too few beats were seen";
        }

        string what = state.Fibrillates > 0 ? "atrial fibrillation" : "no atrial fibrillation";
        int beats = Math.Min(64, state.Words.Count);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {state.Words.DistinctOf64} of the last {beats} pairs of beats differ from each other; "
            + $"irregularity {Irregularity(state):0.##} of what is usual in fibrillation, {Lately(state):0.##} over "
            + $"the last 16 beats (begins at {_options.Enter:0.###}, ends below {_options.Leave:0.###})");
    }

    /// <summary>
    /// The varieties that decided, each relative to what is usual in fibrillation: those of the long windows by their
    /// part of the mean, or that of the last 16 beats where it alone says that it is over.
    /// </summary>
    protected override IReadOnlyList<Contribution> Contributions(in Prediction prediction, in HeartRhythmState state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        double lately = Lately(state);
        Contribution last = new($"{_input}.irregularity16", null, lately, 0);
        if (lately < _options.Leave)
        {
            return [last with { Share = 1 }];
        }

        double sum = 3 * Irregularity(state);
        return
        [
            .. new[]
            {
                ("irregularity64", state.Words.Last64 / Usual64),
                ("irregularity127", state.Words.Last127 / Usual127),
                ("irregularity200", state.Words.Last200 / Usual200),
            }
            .Select(window => new Contribution(
                $"{_input}.{window.Item1}", null, window.Item2, sum > 0 ? window.Item2 / sum : 0))
            .OrderByDescending(window => window.Share),
            last,
        ];
    }

    private static void Learn(ref HeartRhythmState state, double interval)
    {
        if (double.IsNaN(interval))
        {
            return;
        }

        double symbol = Math.Min(MostSteps, Math.Floor(60 / interval / RateStep));
        if (state.Symbol >= 0)
        {
            state.Words.Add((ushort)((state.Symbol * (MostSteps + 1)) + symbol));
        }

        state.Symbol = symbol;
    }

    private static double Irregularity(in HeartRhythmState state) =>
        ((state.Words.Last64 / Usual64) + (state.Words.Last127 / Usual127) + (state.Words.Last200 / Usual200)) / 3;

    private static double Lately(in HeartRhythmState state) => state.Words.Last16 / Usual16;

    private void Decide(ref HeartRhythmState state)
    {
        bool isIrregular = Lately(state) >= _options.Leave
            && (state.Fibrillates > 0 || Irregularity(state) > _options.Enter);
        state.Fibrillates = isIrregular ? 1 : 0;
    }

    /// <summary>Half of irregularity in units of where it begins, kept on the side that was decided.</summary>
    private double Score(in HeartRhythmState state)
    {
        double score = Math.Min(1, Undecided * Irregularity(state) / _options.Enter);
        return state.Fibrillates > 0 ? Math.Max(Undecided, score) : Math.Min(JustBelow, score);
    }
}
