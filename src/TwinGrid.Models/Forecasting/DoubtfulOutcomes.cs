namespace TwinGrid.Models.Forecasting;

/// <summary>
/// What came when so much was expected and the weather was so doubtful: three <see cref="OutcomeTable"/>s, for weather
/// in which expectations are better, as good and worse than usual, over a slice of doubles. Nothing is allocated.
/// </summary>
/// <remarks>
/// Doubt is the size of the error over the usual size at that expectation, linear in
/// <see cref="WeatherFeatures.DescribeDoubt"/> and in how far the learners' expectations lie from their mean, by
/// recursive least squares: the scale of a location-scale regression
/// (Koenker and Bassett, Econometrica 50, 1982), of which only the rank is believed, for the tables learn what came.
/// Between two tables an outcome is counted in both and quantiles are averaged.
/// </remarks>
/// <param name="features">What makes numbers of the weather.</param>
/// <param name="learners">How many learners expect something.</param>
/// <param name="memory">How many outcomes a table remembers.</param>
internal sealed class DoubtfulOutcomes(WeatherFeatures features, int learners, double memory)
{
    private const int Tables = 3;
    private const int Knots = 12;

    /// <summary>From table to table errors are e^0.5 = 1.6 times as large.</summary>
    private const double Step = 0.5;

    private const double FirstError = 0.1;
    private const double ErrorGain = 0.01;
    private const double ErrorReach = 1.5;
    private const double MostDoubt = 4;
    private const double LeastDoubt = 0.1;

    /// <summary>The errors' sizes change with the forecaster, who changes more often than the farm.</summary>
    private const double DoubtMemory = 20_000;

    private const int ErrorsAt = Tables * OutcomeTable.StateLength;
    private const int DoubtAt = ErrorsAt + Knots;

    /// <summary>A tenth of the capacity apart is much.</summary>
    private const double FarApart = 0.1;

    private readonly LeastSquares _doubt = new([.. Enumerable.Repeat(5.0, WidthFor(learners))], DoubtMemory);

    public int StateLength => DoubtAt + _doubt.StateLength;

    public void Begin(Span<double> state)
    {
        for (int table = 0; table < Tables; table++)
        {
            OutcomeTable.Begin(state.Slice(table * OutcomeTable.StateLength, OutcomeTable.StateLength));
        }

        state.Slice(ErrorsAt, Knots).Fill(FirstError);
        _doubt.Begin(state[DoubtAt..]);
        state[DoubtAt] = 1;
    }

    /// <summary>Reads quantiles.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="weather">One value per input.</param>
    /// <param name="time">What it is the weather of, Unix microseconds.</param>
    /// <param name="expected">What is expected; as it is, or in [0,1].</param>
    /// <param name="each">What each learner expects.</param>
    /// <param name="levels">Rising, between 0 and 1.</param>
    /// <param name="quantiles">Takes one value per level, rising, in [0,1].</param>
    public void Read(
        ReadOnlySpan<double> state, ReadOnlySpan<double> weather, long time, double expected,
        ReadOnlySpan<double> each, ReadOnlySpan<double> levels, Span<double> quantiles)
    {
        expected = Math.Clamp(expected, 0, 1);
        Span<double> doubt = stackalloc double[WidthFor(learners)];
        Describe(weather, time, expected, each, doubt);
        (int table, double part) = Place(_doubt.Predict(state[DoubtAt..], doubt));
        quantiles.Clear();
        OutcomeTable.Add(TableOf(state, table), expected, 1 - part, levels, quantiles);
        OutcomeTable.Add(TableOf(state, table + 1), expected, part, levels, quantiles);
        OutcomeTable.TakeEnds(quantiles);
    }

    /// <summary>Learns what came, the doubt from before it.</summary>
    public void Learn(
        Span<double> state, ReadOnlySpan<double> weather, long time, double expected, ReadOnlySpan<double> each,
        double outcome)
    {
        expected = Math.Clamp(expected, 0, 1);
        Span<double> doubt = stackalloc double[WidthFor(learners)];
        Describe(weather, time, expected, each, doubt);
        Span<double> squares = state[DoubtAt..];
        double predicted = _doubt.Predict(squares, doubt);
        (int table, double part) = Place(predicted);
        OutcomeTable.Learn(TableOf(state, table), expected, outcome, 1 - part, memory);
        OutcomeTable.Learn(TableOf(state, table + 1), expected, outcome, part, memory);

        double error = Math.Abs(outcome - expected);
        Span<double> errors = state.Slice(ErrorsAt, Knots);
        _doubt.Learn(squares, doubt, Math.Min(error / Usual(errors, expected), MostDoubt) - predicted);
        for (int knot = 0; knot < Knots; knot++)
        {
            double near = 1 - (Math.Abs((expected * (Knots - 1)) - knot) / ErrorReach);
            errors[knot] += ErrorGain * Math.Max(0, near) * (error - errors[knot]);
        }
    }

    /// <summary>One learner does not differ from itself.</summary>
    private static int WidthFor(int learners) => WeatherFeatures.DoubtWidth + (learners > 1 ? learners : 0);

    private void Describe(
        ReadOnlySpan<double> weather, long time, double expected, ReadOnlySpan<double> each, Span<double> doubt)
    {
        features.DescribeDoubt(weather, time, expected, doubt);
        Span<double> apart = doubt[WeatherFeatures.DoubtWidth..];
        for (int i = 0; i < apart.Length; i++)
        {
            apart[i] = Math.Abs(Math.Clamp(each[i], 0, 1) - expected) / FarApart;
        }
    }

    private static (int Table, double Part) Place(double doubt)
    {
        double middle = (Tables - 1) / 2.0;
        double place = Math.Clamp(middle + (Math.Log(Math.Max(doubt, LeastDoubt)) / Step), 0, Tables - 1);
        int table = Math.Min((int)place, Tables - 2);
        return (table, place - table);
    }

    /// <summary>The mean size of errors at an expectation, never nothing.</summary>
    private static double Usual(ReadOnlySpan<double> errors, double expected)
    {
        double place = expected * (Knots - 1);
        int knot = Math.Min((int)place, Knots - 2);
        double part = place - knot;
        return Math.Max(1e-6, ((1 - part) * errors[knot]) + (part * errors[knot + 1]));
    }

    private static Span<double> TableOf(Span<double> state, int table) =>
        state.Slice(table * OutcomeTable.StateLength, OutcomeTable.StateLength);

    private static ReadOnlySpan<double> TableOf(ReadOnlySpan<double> state, int table) =>
        state.Slice(table * OutcomeTable.StateLength, OutcomeTable.StateLength);
}
