namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Tells the regime in which a unit runs from its settings: the nearest centre, if it is near at all. Learnt by
/// k-means (Lloyd 1957) from the farthest-first start (Gonzalez 1985), so without chance.
/// </summary>
/// <remarks>
/// The number of regimes is where one more makes the within-cluster sum of squares fall most, if that is at least
/// <see cref="LeastFall"/> times; else there is one. Settings that only jitter fall by two to four times, distinct
/// set-points by thousands. Not told apart: regimes of which some lie close together and others far, and a setting
/// that wanders continuously over a wide range.
/// </remarks>
/// <param name="centres">The mean of the settings, per regime.</param>
/// <param name="weights">What a setting's distance is multiplied by; 0 for one that never changed.</param>
/// <param name="radius">Settings farther from every centre, so weighted, belong to no regime.</param>
internal sealed class RegimeMap(double[][] centres, double[] weights, double radius)
{
    public const int MostRegimes = 16;
    public const double LeastFall = 10;

    private const int Rounds = 12;

    /// <summary>A unit may run somewhat beyond what the histories showed.</summary>
    private const double RadiusSlack = 3;

    private const double LeastRadius = 0.5;

    public double[][] Centres => centres;

    public double[] Weights => weights;

    public double Radius => radius;

    /// <summary>The regime of these settings, or -1 where one is unknown or none is near.</summary>
    public int Find(ReadOnlySpan<double> settings)
    {
        (int nearest, double distance) = Nearest(settings, centres, weights);
        return distance <= radius * radius ? nearest : -1;
    }

    public static RegimeMap Learn(double[][] rows, int settings)
    {
        double[] weights = new double[settings];
        for (int i = 0; i < settings; i++)
        {
            double mean = rows.Average(row => row[i]);
            double deviation = Math.Sqrt(rows.Average(row => (row[i] - mean) * (row[i] - mean)));

            // A setting that never changed tells nothing: a unit in which it does is not out of all regimes for that.
            weights[i] = deviation > Magnitude.Rounding * Math.Abs(mean) ? 1 / deviation : 0;
        }

        double[][] best = [];
        double fall = LeastFall;
        double before = 0;
        for (int k = 1; k <= MostRegimes; k++)
        {
            (double[][] centres, double within) = Cluster(rows, weights, k);
            if (k == 1 || before / within > fall)
            {
                fall = k == 1 ? LeastFall : before / within;
                best = centres;
            }

            before = within;
            if (within <= Magnitude.Rounding * rows.Length)
            {
                break;
            }
        }

        double farthest = rows.Max(row => Math.Sqrt(Nearest(row, best, weights).Distance));
        return new RegimeMap(best, weights, Math.Max(LeastRadius, RadiusSlack * farthest));
    }

    private static (double[][] Centres, double Within) Cluster(double[][] rows, double[] weights, int count)
    {
        List<double[]> centres = [[.. rows[0]]];
        while (centres.Count < count)
        {
            centres.Add([.. rows.MaxBy(row => Nearest(row, centres, weights).Distance)!]);
        }

        double within = 0;
        for (int round = 0; round < Rounds; round++)
        {
            within = 0;
            double[][] sums = [.. centres.Select(_ => new double[weights.Length])];
            int[] members = new int[count];
            foreach (double[] row in rows)
            {
                (int nearest, double distance) = Nearest(row, centres, weights);
                within += distance;
                members[nearest]++;
                for (int i = 0; i < row.Length; i++)
                {
                    sums[nearest][i] += row[i];
                }
            }

            for (int c = 0; c < count; c++)
            {
                centres[c] = members[c] == 0 ? centres[c] : Array.ConvertAll(sums[c], sum => sum / members[c]);
            }
        }

        return ([.. centres], within);
    }

    private static (int Index, double Distance) Nearest(
        ReadOnlySpan<double> settings, IReadOnlyList<double[]> centres, double[] weights)
    {
        int nearest = -1;
        double least = double.PositiveInfinity;
        for (int c = 0; c < centres.Count; c++)
        {
            double[] centre = centres[c];
            double distance = 0;
            for (int i = 0; i < settings.Length; i++)
            {
                double apart = (settings[i] - centre[i]) * weights[i];
                distance += apart * apart;
            }

            if (distance < least)
            {
                (nearest, least) = (c, distance);
            }
        }

        return (nearest, least);
    }
}
