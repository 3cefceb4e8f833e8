namespace TwinGrid.Models.Forecasting;

/// <summary>
/// Wind as the numbers that power is linear in: the speed at the farm as nearness to knots (a power curve), the same
/// by eight directions, the hour and the season where the curve is steep, how the wind of other pairs differs, and a
/// fixed random layer for what depends on several of these at once.
/// </summary>
/// <remarks>
/// Pairs are components to the east and to the north, m/s: the farm's at hub height, at another height, an hour
/// before, an hour after, then any. The layer: tanh of sums of eight scaled numbers with weights drawn once from a
/// fixed seed (random vector functional link: Pao, Park, Sobajic, Neurocomputing 6, 1994).
/// </remarks>
/// <param name="pairs">How many pairs.</param>
/// <param name="detail">How many units the random layer has.</param>
internal sealed class WeatherFeatures(int pairs, int detail)
{
    public const int MostDetail = 128;

    public const int MostPairs = 32;

    /// <summary>How many numbers <see cref="DescribeDoubt"/> gives.</summary>
    public const int DoubtWidth = 20;

    private const int Directions = 8;
    private const int LayerInputs = 9;
    private const int FirstElsewhere = 4;
    private const double LayerReach = 1.2;
    private const double Fastest = 60;
    private const long Day = 86_400 * UnixMicroseconds.PerSecond;
    private const double Steepest = 8;
    private const double SteepWidth = 3.5;

    private static readonly double[] CurveKnots = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11.5, 13, 15, 18];
    private static readonly double[] DirectedKnots = [3, 6, 9, 12, 16];
    private static readonly double[] MeanKnots = [2, 4, 6, 8, 10, 12];
    private static readonly int Directed = DirectedKnots.Length - 2;

    public int Width { get; } = CurveKnots.Length + (Directions * Directed) + 6
        + (2 * (pairs - 1)) + (pairs > 1 ? MeanKnots.Length - 1 : 0) + detail;

    private readonly double[] _layer = Draw(detail * LayerInputs);

    /// <summary>
    /// The variance of the weight of each feature before anything is learnt. The power curve is free; corrections to
    /// it are small and their number large, so that the first months do not teach what a storm then disproves.
    /// </summary>
    public double[] Unknown()
    {
        const double Curve = 5;
        const double ByDirection = 0.1;
        const double ByTimeAndPlace = 0.003;
        const double InLayer = 0.1;
        double[] unknown = new double[Width];
        Array.Fill(unknown, ByTimeAndPlace);
        unknown.AsSpan(0, CurveKnots.Length).Fill(Curve);
        unknown.AsSpan(CurveKnots.Length, Directions * Directed).Fill(ByDirection);
        unknown.AsSpan(Width - detail).Fill(InLayer);
        return unknown;
    }

    /// <summary>Writes the features; false where the farm's own wind is not known.</summary>
    public bool Describe(ReadOnlySpan<double> weather, long time, Span<double> features)
    {
        if (!Magnitude.IsUsable(weather[0]) || !Magnitude.IsUsable(weather[1]))
        {
            return false;
        }

        features.Clear();
        double speed = Speed(weather, 0);
        double steep = Math.Exp(-Math.Pow((speed - Steepest) / SteepWidth, 2));
        (int knot, double part) = Between(CurveKnots, speed);
        features[knot] = 1 - part;
        features[knot + 1] = part;
        Span<double> rest = features[CurveKnots.Length..];
        Direct(speed, Math.Atan2(weather[1], weather[0]), rest);
        rest = rest[(Directions * Directed)..];
        Season(time, steep, rest);
        rest = rest[6..];
        Compare(weather, speed, steep, rest);
        Combine(weather, speed, time, features[^detail..]);
        return true;
    }

    /// <summary>
    /// Writes what errors may grow with: the expectation and the steepness of the curve there, how fast the wind
    /// changes, how much other places and heights differ, the hour (forecasts are issued once a day, so it is how far
    /// ahead they look), the season and the direction.
    /// </summary>
    public void DescribeDoubt(ReadOnlySpan<double> weather, long time, double expected, Span<double> features)
    {
        double speed = Speed(weather, 0);
        double before = Difference(weather, 2, speed);
        double after = Difference(weather, 3, speed);
        double elsewhere = 0;
        double apart = 0;
        for (int pair = FirstElsewhere; pair < pairs; pair++)
        {
            double difference = Difference(weather, pair, speed) / (pairs - FirstElsewhere);
            elsewhere += difference;
            apart += Math.Abs(difference);
        }

        double hour = Math.Tau * (time % Day / (double)Day);
        double year = Math.Tau * (time / (double)Day / 365.25 % 1);
        ReadOnlySpan<double> doubts =
        [
            1,
            expected,
            expected * expected,
            Math.Exp(-Math.Pow((speed - Steepest) / SteepWidth, 2)),
            speed / 10,
            Math.Abs(before) / 2,
            Math.Abs(after) / 2,
            (after - before) / 2,
            (after + before) / 2,
            Math.Abs(Difference(weather, 4, speed)) / 3,
            Math.Abs(Difference(weather, 5, speed)) / 3,
            elsewhere / 3,
            Math.Abs(elsewhere) / 3,
            apart / 3,
            Difference(weather, 1, speed) / 3,
            Math.Cos(hour),
            Math.Sin(hour),
            Math.Cos(year),
            Math.Clamp(weather[0] / Math.Max(speed, 1), -1, 1),
            Math.Clamp(weather[1] / Math.Max(speed, 1), -1, 1),
        ];
        doubts.CopyTo(features);
    }

    private static void Direct(double speed, double direction, Span<double> into)
    {
        (int knot, double part) = Between(DirectedKnots, speed);
        double sector = ((direction / Math.Tau) + 1) % 1 * Directions;
        int first = (int)sector % Directions;
        double turn = sector - Math.Floor(sector);
        ReadOnlySpan<(int Sector, double Near)> sectors = [(first, 1 - turn), ((first + 1) % Directions, turn)];
        foreach ((int s, double near) in sectors)
        {
            Put(into.Slice(s * Directed, Directed), knot - 1, near * (1 - part));
            Put(into.Slice(s * Directed, Directed), knot, near * part);
        }
    }

    /// <summary>The outermost knots carry nothing: there direction makes no difference.</summary>
    private static void Put(Span<double> into, int at, double value)
    {
        if (at >= 0 && at < into.Length)
        {
            into[at] += value;
        }
    }

    private static void Season(long time, double steep, Span<double> into)
    {
        double days = time / (UnixMicroseconds.PerSecond * 86_400.0);
        double day = Math.Tau * (days - Math.Floor(days));
        double year = Math.Tau * (days / 365.25 % 1);
        into[0] = steep * Math.Cos(day);
        into[1] = steep * Math.Sin(day);
        into[2] = steep * Math.Cos(2 * day);
        into[3] = steep * Math.Sin(2 * day);
        into[4] = steep * Math.Cos(year);
        into[5] = steep * Math.Sin(year);
    }

    private static double Speed(ReadOnlySpan<double> weather, int pair) => Math.Min(
        Fastest, Math.Sqrt(Math.Pow(weather[2 * pair], 2) + Math.Pow(weather[(2 * pair) + 1], 2)));

    private static (int Knot, double Part) Between(ReadOnlySpan<double> knots, double value)
    {
        int knot = 0;
        while (knot < knots.Length - 2 && value >= knots[knot + 1])
        {
            knot++;
        }

        return (knot, Math.Clamp((value - knots[knot]) / (knots[knot + 1] - knots[knot]), 0, 1));
    }

    /// <summary>How much stronger the wind of a pair is; 0 where there is no such pair or it is not known.</summary>
    private double Difference(ReadOnlySpan<double> weather, int pair, double speed)
    {
        double difference = pair < pairs ? Speed(weather, pair) - speed : 0;
        return Magnitude.IsUsable(difference) ? difference : 0;
    }

    private void Combine(ReadOnlySpan<double> weather, double speed, long time, Span<double> into)
    {
        double elsewhere = 0;
        for (int pair = FirstElsewhere; pair < pairs; pair++)
        {
            elsewhere += Difference(weather, pair, speed) / (pairs - FirstElsewhere);
        }

        double hour = Math.Tau * (time % Day / (double)Day);
        ReadOnlySpan<double> inputs =
        [
            Math.Clamp(weather[0], -Fastest, Fastest) / 5,
            Math.Clamp(weather[1], -Fastest, Fastest) / 5,
            (speed / 4) - 2,
            elsewhere / 2,
            (Difference(weather, 2, speed) - Difference(weather, 3, speed)) / 2,
            Math.Cos(hour) / 2,
            Math.Sin(hour) / 2,
            -Difference(weather, 1, speed) / 1.5,
            1,
        ];
        for (int unit = 0; unit < into.Length; unit++)
        {
            double sum = 0;
            for (int i = 0; i < inputs.Length; i++)
            {
                sum += _layer[(unit * LayerInputs) + i] * inputs[i];
            }

            into[unit] = Math.Tanh(sum) / 2;
        }
    }

    /// <summary>Even in ±<see cref="LayerReach"/>; the generator is the minimal one of Park and Miller (1988).
    /// </summary>
    private static double[] Draw(int count)
    {
        long drawn = 20121001;
        double[] weights = new double[count];
        for (int i = 0; i < count; i++)
        {
            drawn = drawn * 48271 % 2147483647;
            weights[i] = LayerReach * ((2 * drawn / 2147483647.0) - 1);
        }

        return weights;
    }

    private void Compare(ReadOnlySpan<double> weather, double speed, double steep, Span<double> into)
    {
        double sum = 0;
        int known = 0;
        for (int pair = 1; pair < pairs; pair++)
        {
            double other = Speed(weather, pair);
            if (Magnitude.IsUsable(other))
            {
                into[2 * (pair - 1)] = (other - speed) / 5;
                into[(2 * (pair - 1)) + 1] = steep * (other - speed) / 3;
                sum += other;
                known++;
            }
        }

        if (known > 0)
        {
            (int knot, double part) = Between(MeanKnots, sum / known);
            Put(into[(2 * (pairs - 1))..], knot - 1, 1 - part);
            Put(into[(2 * (pairs - 1))..], knot, part);
        }
    }
}
