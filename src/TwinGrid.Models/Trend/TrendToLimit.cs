using System.Globalization;

namespace TwinGrid.Models.Trend;

/// <summary>What <see cref="TrendToLimit"/> knows of a twin: 16 doubles.</summary>
internal struct TrendToLimitState
{
    public ForgettingLine Line;
    public double Latest;

    /// <summary>+1 where the limit is a ceiling, -1 where it is a floor, 0 before the first reading.</summary>
    public double Side;
}

/// <summary>
/// Seconds until one telemetry reaches a limit if it goes on as it does: a straight line through the newest readings,
/// older ones forgotten exponentially in source time, and the interval that the slope's standard error gives.
/// </summary>
/// <remarks>
/// <para>Formula: least squares with weights exp(-age/window) (see <see cref="ForgettingLine"/>). With centre
/// (t̄, ȳ), slope b and its standard error s: value = t̄ + (limit - ȳ)/b, lower and upper the same with b ± q·s, where
/// q is Student's quantile of the confidence. s grows where errors follow each other, so that a slow wave is not taken
/// for a trend.</para>
/// <para>Says: 0 while the newest reading is at or beyond the limit; nothing before four readings (effective ones,
/// Kish's (Σw)²/Σw²: more where the window is short), when the slope does not differ from none at the confidence or
/// leads away, and when the limit lies beyond the horizon. A window below 1.44 times the time between readings never
/// holds so many: the reason says so. <c>horizon</c> equals the value, <c>expected</c> is the
/// line's value now, <c>threshold</c> the limit, <c>residual</c> the error of the forecast of the newest
/// reading.</para>
/// <para>Its contributions: the input, expected where the line is, and <c>{input}.slope</c>, its change per second,
/// expected to be none.</para>
/// <para>Options: <c>limit</c> (required, in the input's unit), <c>direction</c> (auto), <c>window</c> (30 times the
/// mean time between readings), <c>confidence</c> (0.99), <c>horizon</c> (100 windows).</para>
/// <para>Fails where the signal is not a line over a window: it runs late on what accelerates and early on what
/// saturates; after a jump it sees a trend for about one window; with <c>auto</c> a twin whose first reading
/// lies beyond a ceiling takes the limit for a floor, so name the direction where that can be.</para>
/// <para>Readings at one moment are all counted; a clock that steps back counts as no time passed; a gap longer
/// than some windows begins anew.</para>
/// </remarks>
internal sealed class TrendToLimit : PredictiveModel<TrendToLimitState>
{
    public const string TypeName = "TrendToLimit";

    private const double FewestEffective = 3;

    /// <summary>
    /// In a shorter window no pace of readings weighs as <see cref="FewestEffective"/>: with weights k^i there are
    /// (1+k)/(1-k) of them, 3 at k = 1/2, and the window is -1/ln k intervals.
    /// </summary>
    private const double LeastIntervals = 1.4427;

    private readonly string _input;
    private readonly TrendToLimitOptions _options;
    private readonly StudentQuantile _student;

    public TrendToLimit(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        _input = options.OnlyInput();
        _options = TrendToLimitOptions.Read(options);
        _student = new StudentQuantile(_options.Confidence);
    }

    public override string? Unit => "second";

    protected override void Update(in ModelInput input, ref TrendToLimitState state, ref Prediction prediction)
    {
        if ((input.InputsChanged & 1) == 0 || !Magnitude.IsUsable(input.Inputs[0]))
        {
            return;
        }

        double value = input.Inputs[0];
        state.Line.CountInterval(input.Time);
        double window = Window(state);
        double residual = state.Line.Add(input.Time, value, window);
        state.Latest = value;
        state.Side = state.Side == 0 ? SideOf(value) : state.Side;

        prediction = Prediction.None with
        {
            At = input.Time,
            Expected = state.Line.Level,
            Threshold = _options.Limit,
            Residual = residual,
        };
        if (IsBeyond(state))
        {
            Say(ref prediction, 0, 0, 0);
        }
        else
        {
            Extrapolate(state, window, ref prediction);
        }
    }

    protected override string Explain(in Prediction prediction, in TrendToLimitState state)
    {
        string limit = Wording.Number(_options.Limit);
        if (state.Line.IsEmpty)
        {
            return $"nothing was read of {_input} yet";
        }

        string latest = Wording.Number(state.Latest);
        if (IsBeyond(state))
        {
            return $"{_input} is {latest}, {(state.Side > 0 ? "not below" : "not above")} its limit {limit}";
        }

        double slope = state.Line.Slope;
        string change = slope == 0 ? "steady" : $"{(slope > 0 ? "rising" : "falling")} {Wording.Rate(Math.Abs(slope))}";
        return prediction.HasValue
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{_input} is {latest} and {change}: it reaches {limit} in {Wording.Span(prediction.Value)} "
                + $"({Wording.Span(prediction.Lower)} to {Wording.Span(prediction.Upper)} "
                + $"at {_options.Confidence:0.##%} confidence)")
            : $"{_input} is {latest} and {change}: {Silence(state)}";
    }

    /// <summary>
    /// Where the line is and how it changes, each as much of the reason: the time is (limit - level) / slope.
    /// </summary>
    protected override IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, in TrendToLimitState state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        double level = state.Line.Level;
        return IsBeyond(state)
            ? [new Contribution(_input, level, state.Latest, 1)]
            :
            [
                new Contribution(_input, level, state.Latest, 0.5),
                new Contribution($"{_input}.slope", 0, state.Line.Slope, 0.5),
            ];
    }

    private double Window(in TrendToLimitState state) =>
        _options.Window?.TotalSeconds ?? TrendToLimitOptions.DefaultWindowReadings * state.Line.Interval;

    /// <summary>A line through as many effective readings leaves one that says how well it fits.</summary>
    private static bool TellsTrend(in TrendToLimitState state) => state.Line.EffectiveReadings > FewestEffective;

    private string Silence(in TrendToLimitState state)
    {
        if (TellsTrend(state))
        {
            return $"no trend that leads to {Wording.Number(_options.Limit)} within the horizon";
        }

        double window = Window(state);
        return window < LeastIntervals * state.Line.Interval
            ? $"its window of {Wording.Span(window)} is too short for readings every "
                + $"{Wording.Span(state.Line.Interval)} to tell a trend"
            : "too few readings yet to tell a trend";
    }

    private double SideOf(double value) => _options.Direction switch
    {
        LimitDirection.Rising => 1,
        LimitDirection.Falling => -1,
        _ => value <= _options.Limit ? 1 : -1,
    };

    private bool IsBeyond(in TrendToLimitState state) => (state.Latest - _options.Limit) * state.Side >= 0;

    private void Extrapolate(in TrendToLimitState state, double window, ref Prediction prediction)
    {
        double slope = state.Line.Slope;
        double doubt = _student.At(state.Line.EffectiveReadings - 2) * state.Line.SlopeError();
        if (!TellsTrend(state) || !((slope * state.Side) - doubt > 0))
        {
            return;
        }

        doubt *= state.Side;
        double seconds = state.Line.SecondsUntil(_options.Limit, slope);
        double horizon = _options.Horizon?.TotalSeconds ?? window * TrendToLimitOptions.DefaultHorizonWindows;
        if (seconds <= horizon)
        {
            double early = state.Line.SecondsUntil(_options.Limit, slope + doubt);
            double late = state.Line.SecondsUntil(_options.Limit, slope - doubt);
            Say(ref prediction, Math.Max(0, seconds), Math.Max(0, early), Math.Clamp(late, 0, Magnitude.Limit));
        }
    }

    private void Say(ref Prediction prediction, double seconds, double lower, double upper)
    {
        prediction.Value = seconds;
        prediction.Horizon = seconds;
        prediction.Lower = lower;
        prediction.Upper = upper;
        prediction.Confidence = _options.Confidence;
    }
}
