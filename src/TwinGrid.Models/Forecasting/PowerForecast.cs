using System.Globalization;

namespace TwinGrid.Models.Forecasting;

/// <summary>
/// The power of a wind farm from forecast wind, with quantiles, learnt online from weather and power as they come.
/// </summary>
/// <remarks>
/// <para>Formula: the expectation is the weighted mean of up to four learners (<see cref="PowerExpectation"/>), each
/// linear in what <see cref="WeatherFeatures"/> makes of the wind, by recursive least squares
/// (<see cref="LeastSquares"/>); the distribution is what came when so much was expected in weather as doubtful
/// (<see cref="DoubtfulOutcomes"/>), each outcome counted against the expectation from before it was learnt, so that it
/// is as wide as forecasts of the time truly were.</para>
/// <para>Inputs, m/s: pairs of the wind's components to the east and to the north, in this order as far as there are
/// any: at the farm at hub height; at another height; at hub height an hour before, an hour after, three hours before
/// and three after; then at other places. Output: the power at the time that the weather is for, 0 to
/// <c>capacity</c>.</para>
/// <para>Says: nothing for the first <see cref="FewestReadings"/> outputs; then, when weather comes, <c>value</c> the
/// median, <c>expected</c> the mean and, <see cref="FewestOutcomes"/> outputs later, <c>lower</c> and <c>upper</c>,
/// the ends of the middle <c>confidence</c>, all in the output's unit; with the output, <c>residual</c> too (what it
/// says is from before this output was learnt). An output pairs with the last weather, if that is for a time at most
/// <c>maxAge</c> away. Weather alone teaches nothing, so a caller that sets the time of each input, such as the model
/// bench, can look ahead any number of hours. A twin cannot yet: a reading timed more than 5 minutes ahead counts as
/// one of its arrival, so weather of hours ahead sent as telemetry would be learnt with the power of now. In the grid
/// it predicts from present weather, until forecasts are an input of their own.</para>
/// <para>Options: <c>capacity</c> (1), <c>confidence</c> (0.9), <c>memory</c> (50,000 outputs), <c>maxAge</c> (1h),
/// <c>detail</c> (80 units of the random layer). State: 75 KiB with one pair, 216 with fifteen, without the layer 22
/// and 111: a farm's, not a sensor's.</para>
/// <para>Fails on what weather does not show (curtailment, icing, repairs), which widen the quantiles; in a season
/// never seen; where the forecaster changes his own model, until some hundred hours are learnt.</para>
/// </remarks>
internal sealed class PowerForecast : IPredictiveModel
{
    public const string TypeName = "PowerForecast";

    /// <summary>Earlier expectations are so poor that their outcomes would only blur the table.</summary>
    public const int FewestReadings = 500;

    /// <summary>From here on an interval is more than a guess: as many outcomes of what it expected came.</summary>
    public const int FewestOutcomes = 100;

    // The state: the outputs learnt and the weather's time; what to expect; the tables; the weather last spoken of.
    private const int Readings = 0;
    private const int WeatherTime = 1;
    private const int Expectations = 2;

    private readonly string[] _inputs;
    private readonly string _output;
    private readonly PowerForecastOptions _options;
    private readonly PowerExpectation _expectation;
    private readonly DoubtfulOutcomes _outcomes;
    private readonly long _maxAge;
    private readonly double[] _levels;

    public PowerForecast(ModelDefinition definition)
    {
        ModelOptions options = new(definition);
        int inputs = definition.Inputs.Count;
        if (inputs < 2 || inputs % 2 != 0)
        {
            throw new DefinitionException(
                $"model '{definition.Name}'",
                "inputs",
                $"{TypeName} reads pairs of wind to the east and to the north, found {inputs} inputs");
        }

        if (definition.Output is null)
        {
            throw new DefinitionException(
                $"model '{definition.Name}'", "output", $"{TypeName} needs the telemetry to predict");
        }

        (_inputs, _output) = ([.. definition.Inputs], definition.Output);
        _options = PowerForecastOptions.Read(options);
        _expectation = new PowerExpectation(inputs / 2, _options.Detail, _options.Memory);
        _outcomes = new DoubtfulOutcomes(_expectation.Plain, _expectation.Views, _options.Memory);
        _maxAge = UnixMicroseconds.From(_options.MaxAge.Value);
        _levels = [(1 - _options.Confidence) / 2, 0.5, (1 + _options.Confidence) / 2];
    }

    public int Version => 3;

    public int StateLength => Expectations + _expectation.StateLength + _outcomes.StateLength + _inputs.Length;

    public string? Unit => null;

    public void Initialize(Span<double> state)
    {
        state[Readings] = 0;
        state[WeatherTime] = double.NaN;
        _expectation.Begin(Expectation(state));
        _outcomes.Begin(Outcomes(state));
        Said(state).Fill(double.NaN);
    }

    public void Update(in ModelInput input, Span<double> state, ref Prediction prediction)
    {
        if (input.AnyInputChanged)
        {
            state[WeatherTime] = input.Time;
        }

        bool isPair = input.OutputChanged && Magnitude.IsUsable(input.Output)
            && Math.Abs(input.Time - state[WeatherTime]) <= _maxAge;
        Span<double> features = stackalloc double[PowerExpectation.MostFeatures];
        features = features[.._expectation.Width];
        if ((!isPair && !input.AnyInputChanged) || !_expectation.Describe(input.Inputs, input.Time, features))
        {
            return;
        }

        Span<double> each = stackalloc double[PowerExpectation.MostViews];
        each = each[.._expectation.Views];
        double expected = _expectation.Predict(Expectation(state), features, each);
        if (state[Readings] > FewestReadings)
        {
            Say(input, expected, each, state, ref prediction);
            Keep(input.Inputs, Said(state));
        }

        if (isPair)
        {
            Learn(input, features, expected, each, state);
        }
    }

    /// <summary>The quantiles of the power for weather at a time, in the output's unit; changes nothing.</summary>
    /// <param name="weather">One value per input.</param>
    /// <param name="time">What it is the weather of, Unix microseconds.</param>
    /// <param name="state">What is known.</param>
    /// <param name="levels">Rising, between 0 and 1.</param>
    /// <param name="quantiles">Takes one value per level, rising.</param>
    /// <returns>False where the farm's own wind is not known: nothing is written.</returns>
    public bool Quantiles(
        ReadOnlySpan<double> weather, long time, ReadOnlySpan<double> state, ReadOnlySpan<double> levels,
        Span<double> quantiles)
    {
        Span<double> features = stackalloc double[PowerExpectation.MostFeatures];
        features = features[.._expectation.Width];
        if (!_expectation.Describe(weather, time, features))
        {
            return false;
        }

        Span<double> each = stackalloc double[PowerExpectation.MostViews];
        each = each[.._expectation.Views];
        double expected = _expectation.Predict(Expectation(state), features, each);
        _outcomes.Read(Outcomes(state), weather, time, expected, each, levels, quantiles);
        foreach (ref double quantile in quantiles)
        {
            quantile *= _options.Capacity;
        }

        return true;
    }

    public string Explain(in Prediction prediction, ReadOnlySpan<double> state)
    {
        if (!prediction.HasValue)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{state[Readings]:0} outputs learnt; it speaks after {FewestReadings}, when the wind is known");
        }

        string what = double.IsNaN(prediction.Lower)
            ? $"at this wind {Wording.Number(prediction.Expected)} is expected; fewer than {FewestOutcomes} outcomes "
                + "tell how surely"
            : Distribution(prediction);
        return double.IsNaN(prediction.Residual)
            ? what
            : $"{what}; it was {Wording.Number(Math.Abs(prediction.Residual))} "
                + (prediction.Residual < 0 ? "less" : "more");
    }

    /// <summary>
    /// The output, where it was seen, with what was expected of it; then the wind that it was expected of, named and
    /// not weighed: what a component was worth depends on all the others.
    /// </summary>
    public IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state)
    {
        if (!prediction.HasValue)
        {
            return [];
        }

        List<Contribution> named = [];
        if (!double.IsNaN(prediction.Residual))
        {
            named.Add(new Contribution(_output, prediction.Expected, prediction.Value + prediction.Residual, 1));
        }

        ReadOnlySpan<double> weather = state[^_inputs.Length..];
        for (int i = 0; i < weather.Length; i++)
        {
            named.Add(new Contribution(_inputs[i], null, double.IsNaN(weather[i]) ? null : weather[i], 0));
        }

        return named;
    }

    private static string Distribution(in Prediction prediction) => string.Create(
        CultureInfo.InvariantCulture,
        $"this wind gave {Wording.Number(prediction.Lower)} to {Wording.Number(prediction.Upper)} in "
        + $"{prediction.Confidence:0.##%} of cases, {Wording.Number(prediction.Value)} at the median, "
        + $"{Wording.Number(prediction.Expected)} on average");

    private static void Keep(ReadOnlySpan<double> weather, Span<double> said)
    {
        for (int i = 0; i < said.Length; i++)
        {
            said[i] = Magnitude.IsUsable(weather[i]) ? weather[i] : double.NaN;
        }
    }

    private void Say(
        in ModelInput input, double expected, ReadOnlySpan<double> each, ReadOnlySpan<double> state,
        ref Prediction prediction)
    {
        Span<double> quantiles = stackalloc double[3];
        _outcomes.Read(Outcomes(state), input.Inputs, input.Time, expected, each, _levels, quantiles);
        bool hasInterval = state[Readings] > FewestReadings + FewestOutcomes;
        prediction = Prediction.None with
        {
            At = input.Time,
            Value = quantiles[1] * _options.Capacity,
            Lower = hasInterval ? quantiles[0] * _options.Capacity : double.NaN,
            Upper = hasInterval ? quantiles[2] * _options.Capacity : double.NaN,
            Confidence = hasInterval ? _options.Confidence : double.NaN,
            Expected = Math.Clamp(expected, 0, 1) * _options.Capacity,
            Horizon = 0,
            Residual = input.OutputChanged && Magnitude.IsUsable(input.Output)
                ? input.Output - (quantiles[1] * _options.Capacity)
                : double.NaN,
        };
    }

    private void Learn(
        in ModelInput input, ReadOnlySpan<double> features, double expected, ReadOnlySpan<double> each,
        Span<double> state)
    {
        double outcome = Math.Clamp(input.Output / _options.Capacity, 0, 1);
        if (state[Readings] > FewestReadings)
        {
            _outcomes.Learn(Outcomes(state), input.Inputs, input.Time, expected, each, outcome);
        }

        state[Readings] = Math.Min(state[Readings] + 1, _options.Memory);
        _expectation.Learn(Expectation(state), features, each, expected, outcome);
    }

    private Span<double> Expectation(Span<double> state) => state.Slice(Expectations, _expectation.StateLength);

    private ReadOnlySpan<double> Expectation(ReadOnlySpan<double> state) =>
        state.Slice(Expectations, _expectation.StateLength);

    private Span<double> Outcomes(Span<double> state) =>
        state.Slice(Expectations + _expectation.StateLength, _outcomes.StateLength);

    private ReadOnlySpan<double> Outcomes(ReadOnlySpan<double> state) =>
        state.Slice(Expectations + _expectation.StateLength, _outcomes.StateLength);

    private Span<double> Said(Span<double> state) => state[^_inputs.Length..];
}
