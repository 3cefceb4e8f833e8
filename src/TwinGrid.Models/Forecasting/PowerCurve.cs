using MathNet.Numerics.Distributions;

namespace TwinGrid.Models.Forecasting;

/// <summary>What <see cref="PowerCurve"/> knows of a twin: 171 doubles.</summary>
internal struct PowerCurveState
{
    /// <summary>The newest input and its source time, <see cref="UnixMicroseconds.Absent"/> before the first.</summary>
    public double Input;
    public long InputTime;

    /// <summary>Pairs learnt from.</summary>
    public double Readings;

    /// <summary>Mean absolute residual over all inputs: where a new knot's interval begins.</summary>
    public double Spread;

    /// <summary>Inputs in a row that lay far from all others.</summary>
    public double Strays;

    /// <summary>Of the first <see cref="PowerCurve.FewestReadings"/> pairs.</summary>
    public OutermostInputs Outermost;

    public KnotCurve Curve;
}

/// <summary>
/// An output learnt against one input, such as a turbine's power against its wind speed: predicts the output before
/// it is seen, with an interval, and gives the residual once it is.
/// </summary>
/// <remarks>
/// <para>Formula: a piecewise linear curve over <see cref="KnotArray.Length"/> knots. Each output y moves the two
/// knots about its input by their nearness h: centre += 2h/n · clip(y - ŷ, ±2.5σ), the stochastic approximation
/// of Huber's M-estimate (Huber 1964, Robbins and Monro 1951), n the knot's readings up to <c>memory</c>, σ from the
/// interval's narrower side. So outliers, stops and curtailment pull it little: one stop in ten readings by 2 to 4 %,
/// where it pulls a mean by 10. The interval's ends follow the (1±confidence)/2 quantiles of the residual by gradient
/// steps on the pinball loss, whose long-run coverage is the nominal one for any distribution (Gibbs and Candès,
/// "Adaptive conformal inference under distribution shift", 2021).</para>
/// <para>The range of the input needs no option: it begins with the first two inputs that differ and is respaced as
/// others come; inputs farther out than twice the range count as strays until <see cref="StraysBelieved"/> come
/// in a row. Where of the first <see cref="FewestReadings"/> one lay so far from the others, it begins anew after them.
/// Between knots the curve is monotone, never a staircase.</para>
/// <para>Says: nothing before an output was learnt near the input; <c>value</c> and <c>expected</c> when an input or
/// an output comes, both from before this output is learnt; <c>lower</c> and <c>upper</c> from
/// <see cref="FewestReadings"/> pairs on; <c>residual</c> when the output came. An output without an input in its
/// message is paired with the
/// last input not older than <c>maxAge</c>, else nothing is learnt or said. The value is in the output's unit.</para>
/// <para>Options: <c>confidence</c> (0.9), <c>maxAge</c> (10m), <c>memory</c> (500 readings per knot).</para>
/// <para>Fails where the output depends on more than the input (air density, pitch): the interval is wide there;
/// where more than about a fifth of the readings are stops or curtailed, the curve goes down with them; a slow
/// decline is learnt as normal within about <c>memory</c> readings per knot; an output that comes before its input
/// in another message is paired with the input before. A change of season shows as an interval that covers less than it
/// says until it is learnt: on a real turbine's year 90 % held 86.8 % in the last months.</para>
/// </remarks>
internal sealed class PowerCurve : PredictiveModel<PowerCurveState>
{
    public const string TypeName = "PowerCurve";

    /// <summary>From here on an interval is more than a guess: the ends of a 90 % one were passed twice.</summary>
    public const int FewestReadings = 20;

    /// <summary>One wild input must not stretch the curve; so many in a row are a new way to run.</summary>
    public const int StraysBelieved = 5;

    private const double FarInRanges = 2;
    private const double ClipInSigmas = 2.5;
    private const double LeastShareOfWide = 0.3;
    private const double LeastShareOfSpread = 0.05;
    private const double MeanAbsoluteOfNormal = 0.7979;

    private readonly string _input;
    private readonly string _output;
    private readonly PowerCurveOptions _options;
    private readonly double _sigmasPerEnd;
    private readonly double _missRate;
    private readonly double _quantileGain;

    public PowerCurve(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        (_input, _output) = options.InputAndOutput();
        _options = PowerCurveOptions.Read(options);
        _missRate = (1 - _options.Confidence) / 2;
        _sigmasPerEnd = Normal.InvCDF(0, 1, 1 - _missRate);

        // The best step of a quantile's approximation is 1/(n f(q)), f the density there: here in units of the end.
        _quantileGain = 1 / (Normal.PDF(0, 1, _sigmasPerEnd) * _sigmasPerEnd);
    }

    public override int Version => 2;

    protected override void Initialize(ref PowerCurveState state)
    {
        state.InputTime = UnixMicroseconds.Absent;
        state.Outermost.Begin();
    }

    protected override void Update(in ModelInput input, ref PowerCurveState state, ref Prediction prediction)
    {
        bool inputCame = (input.InputsChanged & 1) != 0;
        if (!inputCame && !input.OutputChanged)
        {
            return;
        }

        if (!Magnitude.IsUsable(input.Inputs[0]))
        {
            // Also where nothing came: what was known became unknown, such as a value that is called bad.
            (state.Input, state.InputTime) = (0, UnixMicroseconds.Absent);
        }
        else if (inputCame)
        {
            (state.Input, state.InputTime) = (input.Inputs[0], input.Time);
        }

        bool outputCame = input.OutputChanged && Magnitude.IsUsable(input.Output);
        prediction = Prediction.None with { At = input.Time };
        if (!IsFresh(state, input.Time))
        {
            return;
        }

        if (state.Curve.TryRead(state.Input, out Knot at))
        {
            Say(state, at, ref prediction);
            prediction.Residual = outputCame ? input.Output - at.Centre : double.NaN;
        }

        if (outputCame && MayLearn(ref state))
        {
            Learn(ref state, input.Output);
            if (state.Readings <= FewestReadings)
            {
                DoubtBeginning(ref state);
            }
        }
    }

    protected override string Explain(in Prediction prediction, in PowerCurveState state)
    {
        if (!prediction.HasValue)
        {
            return state.InputTime == UnixMicroseconds.Absent
                ? $"no {_input} is known to predict {_output} from"
                : $"{_output} at {_input} {Wording.Number(state.Input)} is not learnt yet";
        }

        string expected = $"{Wording.Number(prediction.Expected)} expected at {_input} {Wording.Number(state.Input)}";
        string normal = double.IsNaN(prediction.Lower)
            ? ""
            : $" (normal {Wording.Number(prediction.Lower)} to {Wording.Number(prediction.Upper)})";
        return double.IsNaN(prediction.Residual)
            ? $"{_output} is {expected}{normal}"
            : $"{_output} is {Wording.Number(Math.Abs(prediction.Residual))} "
                + $"{(prediction.Residual < 0 ? "below" : "above")} the {expected}{normal}";
    }

    /// <summary>
    /// What was expected is of the input alone; where the output was seen, it is the reason of the residual, and the
    /// input says only where on the curve that was.
    /// </summary>
    protected override IReadOnlyList<Contribution> Contributions(
        in Prediction prediction, in PowerCurveState state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        double expected = prediction.Expected;
        return double.IsNaN(prediction.Residual)
            ? [new Contribution(_input, null, state.Input, 1)]
            :
            [
                new Contribution(_output, expected, expected + prediction.Residual, 1),
                new Contribution(_input, null, state.Input, 0),
            ];
    }

    private bool IsFresh(in PowerCurveState state, long time)
    {
        // In doubles: the difference of two wild times may not fit a long.
        double age = (double)time - state.InputTime;
        return state.InputTime != UnixMicroseconds.Absent
            && Math.Abs(age) <= _options.MaxAge.TotalSeconds * UnixMicroseconds.PerSecond;
    }

    private void Say(in PowerCurveState state, in Knot at, ref Prediction prediction)
    {
        prediction.Value = at.Centre;
        prediction.Expected = at.Centre;
        prediction.Horizon = 0;
        if (state.Readings >= FewestReadings)
        {
            prediction.Lower = at.Centre - at.Below;
            prediction.Upper = at.Centre + at.Above;
            prediction.Confidence = _options.Confidence;
        }
    }

    private static bool MayLearn(ref PowerCurveState state)
    {
        bool stray = state.Readings >= FewestReadings && state.Curve.Outside(state.Input) > FarInRanges;
        state.Strays = stray ? state.Strays + 1 : 0;
        return !stray || state.Strays >= StraysBelieved;
    }

    /// <summary>
    /// Which of the first inputs was wild, only the others tell: if one was, the range that it set is given up.
    /// </summary>
    private static void DoubtBeginning(ref PowerCurveState state)
    {
        state.Outermost.Add(state.Input);
        if (state.Readings == FewestReadings && state.Outermost.OneIsAlone(FarInRanges))
        {
            (state.Curve, state.Readings, state.Spread) = (default, 0, 0);
            state.Outermost.Begin();
        }
    }

    private void Learn(ref PowerCurveState state, double output)
    {
        state.Strays = 0;
        state.Curve.Reach(state.Input);
        (int left, double way) = state.Curve.Locate(state.Input);
        ref Knot lower = ref state.Curve.Knots[left];
        ref Knot upper = ref state.Curve.Knots[left + 1];
        Begin(ref lower, 1 - way, output, state.Spread);
        Begin(ref upper, way, output, state.Spread);

        double residual = output - Mix(lower.Centre, upper.Centre, way);
        double below = Mix(lower.Below, upper.Below, way);
        double above = Mix(lower.Above, upper.Above, way);
        state.Readings = Math.Min(state.Readings + 1, 1e9);
        LearnSpread(ref state, Math.Abs(residual));
        Move(ref lower, 1 - way, residual, below, above, state.Spread);
        Move(ref upper, way, residual, below, above, state.Spread);
    }

    private static double Mix(double left, double right, double way) => left + (way * (right - left));

    /// <summary>A knot that was never touched takes the first output as its height.</summary>
    private void Begin(ref Knot knot, double near, double output, double spread)
    {
        if (!knot.IsLearnt && near > 0)
        {
            double end = spread / MeanAbsoluteOfNormal * _sigmasPerEnd;
            knot = new Knot { Centre = output, Below = end, Above = end };
        }
    }

    private void LearnSpread(ref PowerCurveState state, double size)
    {
        double clipped = state.Readings < FewestReadings ? size : Math.Min(size, 2 * state.Spread);
        state.Spread += (clipped - state.Spread) / Math.Min(state.Readings, _options.Memory);
    }

    /// <summary>
    /// The noise without its outliers: curtailment widens one side of the interval only, so the narrower side tells.
    /// </summary>
    private double Sigma(in Knot knot, double spread)
    {
        double narrow = Math.Min(knot.Below, knot.Above);
        double wide = Math.Max(knot.Below, knot.Above);
        return Math.Max(Math.Max(narrow, LeastShareOfWide * wide) / _sigmasPerEnd, LeastShareOfSpread * spread);
    }

    private void Move(ref Knot knot, double near, double residual, double below, double above, double spread)
    {
        knot.Weight = Math.Min(knot.Weight + near, _options.Memory);
        if (knot.Weight <= 0)
        {
            return;
        }

        // Twice 1/n, so that what was wrong at first is forgotten as 1/n².
        double gain = 2 * near / (knot.Weight + 1);
        double clip = knot.Weight < 8 ? double.PositiveInfinity : ClipInSigmas * Sigma(knot, spread);
        knot.Centre += gain * Math.Clamp(residual, -clip, clip);

        double width = Math.Max((knot.Below + knot.Above) / 2, LeastShareOfSpread * spread);
        double step = width * near * Math.Min(0.3, _quantileGain / knot.Weight);
        knot.Below = Math.Max(0, knot.Below + (step * ((residual < -below ? 1 : 0) - _missRate)));
        knot.Above = Math.Max(0, knot.Above + (step * ((residual > above ? 1 : 0) - _missRate)));
    }
}
