namespace TwinGrid.Models.Forecasting;

/// <summary>
/// What power to expect of weather: the mean of up to four learners, each linear in what
/// <see cref="WeatherFeatures"/> makes of its own view of the weather, by <see cref="LeastSquares"/>; over a slice of
/// doubles. Nothing is allocated.
/// </summary>
/// <remarks>
/// <para>The views: the wind at the farm as it is; averaged over the hours about, where those are known; averaged over
/// other places, where there are any; at the other height, where that is known. Forecast wind comes too early, too late
/// or beside the farm, and each view is wrong by something else, so the mean is wrong by less, and how far they lie
/// apart tells how wrong (<see cref="DoubtfulOutcomes"/>).</para>
/// <para>The weights begin equal and follow the exponentiated gradient of the squared error (Kivinen and Warmuth,
/// Information and Computation 132, 1997): wᵢ is multiplied by exp(<see cref="Gain"/>·e·pᵢ), e what the mean was off
/// by, pᵢ what the learner expected; none falls below <see cref="LeastWeight"/>, so that each can come back.</para>
/// <para>Chosen on April to September 2012 of ten farms (skill 0.572 with one learner, 0.580 with four). The mean of
/// learners that differ in the layer's seed or in memory alone was no better than one of them; weights by exp(-past
/// loss) follow one learner soon and were worse than equal ones; averaging the quantiles of each did as well and costs
/// tables for each.</para>
/// </remarks>
internal sealed class PowerExpectation
{
    /// <summary>The most numbers that <see cref="Describe"/> writes.</summary>
    public const int MostFeatures = 640;

    public const int MostViews = 4;

    private const double Gain = 0.05;
    private const double LeastWeight = 0.01;

    // Pairs of wind, as PowerForecast names them: 1 at another height, 2 and 3 an hour before and after, 4 and 5 three.
    private const int OtherHeight = 1;
    private const int FirstHour = 2;
    private const int FirstPlace = 6;
    private const double OwnAmongHours = 2;
    private const double NextHours = 1;
    private const double FarHours = 0.5;
    private const double OwnAmongPlaces = 4;

    private enum View
    {
        Plain,
        Hours,
        Places,
        Height,
    }

    private readonly int _pairs;
    private readonly View[] _views;
    private readonly WeatherFeatures[] _features;
    private readonly LeastSquares[] _squares;

    /// <summary>Makes it.</summary>
    /// <param name="pairs">How many pairs of wind there are.</param>
    /// <param name="detail">How many units the random layer has; half as many where the hours are averaged.</param>
    /// <param name="memory">How many outputs count.</param>
    public PowerExpectation(int pairs, int detail, double memory)
    {
        _pairs = pairs;
        (View View, int FewestPairs, int Detail)[] views =
        [
            (View.Plain, 1, detail), (View.Hours, FirstHour + 1, detail / 2), (View.Places, FirstPlace + 1, 0),
            (View.Height, OtherHeight + 1, 0),
        ];
        views = Array.FindAll(views, view => pairs >= view.FewestPairs);
        _views = Array.ConvertAll(views, view => view.View);
        _features = Array.ConvertAll(views, view => new WeatherFeatures(pairs, view.Detail));
        _squares = Array.ConvertAll(_features, features => new LeastSquares(features.Unknown(), memory));
        Width = _features.Sum(features => features.Width);
        StateLength = Views + _squares.Sum(squares => squares.StateLength);
    }

    /// <summary>How many numbers <see cref="Describe"/> writes.</summary>
    public int Width { get; }

    public int StateLength { get; }

    /// <summary>How many learners there are.</summary>
    public int Views => _views.Length;

    /// <summary>What makes numbers of the weather as it is.</summary>
    public WeatherFeatures Plain => _features[0];

    public void Begin(Span<double> state)
    {
        state[.._views.Length].Fill(1.0 / _views.Length);
        int at = _views.Length;
        foreach (LeastSquares squares in _squares)
        {
            squares.Begin(state.Slice(at, squares.StateLength));
            at += squares.StateLength;
        }
    }

    /// <summary>Writes the features of all views; false where the farm's own wind is not known.</summary>
    public bool Describe(ReadOnlySpan<double> weather, long time, Span<double> features)
    {
        Span<double> seen = stackalloc double[2 * WeatherFeatures.MostPairs];
        seen = seen[..weather.Length];
        int at = 0;
        for (int view = 0; view < _views.Length; view++)
        {
            weather.CopyTo(seen);
            Look(_views[view], weather, seen);
            if (!_features[view].Describe(seen, time, features.Slice(at, _features[view].Width)))
            {
                return false;
            }

            at += _features[view].Width;
        }

        return true;
    }

    /// <summary>The mean of what the learners expect, as a share of the capacity.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="features">What <see cref="Describe"/> wrote.</param>
    /// <param name="each">Takes what each learner expects.</param>
    public double Predict(ReadOnlySpan<double> state, ReadOnlySpan<double> features, Span<double> each)
    {
        double mean = 0;
        int at = _views.Length;
        for (int view = 0; view < _views.Length; view++)
        {
            LeastSquares squares = _squares[view];
            each[view] = squares.Predict(state.Slice(at, squares.StateLength), features[.._features[view].Width]);
            mean += state[view] * each[view];
            features = features[_features[view].Width..];
            at += squares.StateLength;
        }

        return mean;
    }

    /// <summary>Learns what came.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="features">What <see cref="Describe"/> wrote.</param>
    /// <param name="each">What each learner expected.</param>
    /// <param name="expected">Their mean.</param>
    /// <param name="outcome">What came, as a share of the capacity.</param>
    public void Learn(
        Span<double> state, ReadOnlySpan<double> features, ReadOnlySpan<double> each, double expected, double outcome)
    {
        int at = _views.Length;
        for (int view = 0; view < _views.Length; view++)
        {
            LeastSquares squares = _squares[view];
            ReadOnlySpan<double> own = features[.._features[view].Width];
            squares.Learn(state.Slice(at, squares.StateLength), own, outcome - each[view]);
            features = features[own.Length..];
            at += squares.StateLength;
        }

        Weigh(state[.._views.Length], each, Math.Clamp(outcome - expected, -1, 1));
    }

    private static void Weigh(Span<double> weights, ReadOnlySpan<double> each, double error)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Max(LeastWeight, weights[i] * Math.Exp(Gain * error * Math.Clamp(each[i], 0, 1)));
            sum += weights[i];
        }

        foreach (ref double weight in weights)
        {
            weight /= sum;
        }
    }

    /// <summary>
    /// Puts into the first pair what a view sees there, and into the second, where it was not averaged over hours, the
    /// farm's own wind. That is known: the plain view comes first and stops where it is not.
    /// </summary>
    private void Look(View view, ReadOnlySpan<double> weather, Span<double> seen)
    {
        Span<double> shares = stackalloc double[WeatherFeatures.MostPairs];
        shares.Clear();
        switch (view)
        {
            case View.Hours:
                ReadOnlySpan<double> hours = [OwnAmongHours, 0, NextHours, NextHours, FarHours, FarHours];
                hours.CopyTo(shares);
                Average(weather, shares[..Math.Min(_pairs, hours.Length)], seen);
                break;
            case View.Places:
                shares[FirstPlace.._pairs].Fill(1);
                shares[0] = OwnAmongPlaces;
                Average(weather, shares[.._pairs], seen);
                weather[..2].CopyTo(seen[2..]);
                break;
            case View.Height when IsKnown(weather, OtherHeight):
                weather.Slice(2 * OtherHeight, 2).CopyTo(seen);
                weather[..2].CopyTo(seen[2..]);
                break;
            default:
                break;
        }
    }

    private static bool IsKnown(ReadOnlySpan<double> weather, int pair) =>
        Magnitude.IsUsable(weather[2 * pair]) && Magnitude.IsUsable(weather[(2 * pair) + 1]);

    private static void Average(ReadOnlySpan<double> weather, ReadOnlySpan<double> shares, Span<double> seen)
    {
        double east = 0;
        double north = 0;
        double sum = 0;
        for (int pair = 0; pair < shares.Length; pair++)
        {
            double share = shares[pair];
            if (share > 0 && IsKnown(weather, pair))
            {
                east += share * weather[2 * pair];
                north += share * weather[(2 * pair) + 1];
                sum += share;
            }
        }

        (seen[0], seen[1]) = (east / sum, north / sum);
    }
}
