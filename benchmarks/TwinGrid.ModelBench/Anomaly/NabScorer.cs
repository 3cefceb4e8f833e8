namespace TwinGrid.ModelBench.Anomaly;

/// <summary>The rows of one file as the benchmark's scorer needs them.</summary>
/// <param name="Name">The file's name; the folder in front of the slash is its category.</param>
/// <param name="Scores">One per row; NaN counts as 0.</param>
/// <param name="Windows">First and last row of each labelled window, both inside, by time.</param>
internal sealed record NabScored(string Name, double[] Scores, (int First, int Last)[] Windows)
{
    public string Category => Name.Split('/')[0];
}

/// <summary>A score of some files at one threshold.</summary>
/// <param name="Threshold">Rows that score as much or more are alarms.</param>
/// <param name="Normalised">0 for a detector that never speaks, 100 for a perfect one; NaN without windows.</param>
/// <param name="Raw">The sum before.</param>
/// <param name="Windows">How many windows there are.</param>
/// <param name="Found">In how many of them there is an alarm.</param>
/// <param name="FalseAlarms">Alarms outside all windows, after the probation.</param>
internal sealed record NabScore(
    double Threshold, double Normalised, double Raw, int Windows, int Found, int FalseAlarms);

/// <summary>
/// The scoring of the Numenta Anomaly Benchmark: the earlier in a window the first alarm, the more it earns; an alarm
/// outside costs the more, the farther behind a window it comes.
/// </summary>
/// <remarks>
/// Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark", ICMLA 2015.
/// s(y) = 2/(1 + e^(5y)) - 1, and -1 beyond y = 3; y counts windows from the right end of the last one.
/// </remarks>
internal static class NabScorer
{
    private const double ProbationShare = 0.15;
    private const int LongestProbation = 750;

    /// <summary>The best single threshold of all files together.</summary>
    public static double BestThreshold(IReadOnlyList<NabScored> files, NabProfile profile)
    {
        (double[] scores, (int Window, double Gain)[] rows, int windows) = Rows(files, profile);
        Array.Sort(scores, rows);
        double[] best = new double[windows];
        Array.Fill(best, -profile.Missed);
        double raw = -profile.Missed * windows;
        (double bestRaw, double threshold) = (raw, double.PositiveInfinity);
        for (int i = scores.Length - 1; i >= 0; i--)
        {
            (int window, double gain) = rows[i];
            if (window < 0)
            {
                raw += gain;
            }
            else if (gain > best[window])
            {
                raw += gain - best[window];
                best[window] = gain;
            }

            if ((i == 0 || scores[i - 1] != scores[i]) && raw > bestRaw)
            {
                (bestRaw, threshold) = (raw, scores[i]);
            }
        }

        return threshold;
    }

    /// <summary>
    /// The score of all files, those of each category at the threshold that is best for the other categories.
    /// </summary>
    public static double CategoriesLeftOut(IReadOnlyList<NabScored> files, NabProfile profile)
    {
        double raw = 0;
        foreach (IGrouping<string, NabScored> category in files.GroupBy(file => file.Category))
        {
            double threshold = BestThreshold([.. files.Where(file => file.Category != category.Key)], profile);
            raw += At(threshold, [.. category], profile).Raw;
        }

        return Normalised(raw, files.Sum(file => file.Windows.Length), profile);
    }

    /// <summary>The score of files at a given threshold.</summary>
    public static NabScore At(double threshold, IReadOnlyList<NabScored> files, NabProfile profile)
    {
        (double[] scores, (int Window, double Gain)[] rows, int windows) = Rows(files, profile);
        double[] best = new double[windows];
        Array.Fill(best, -profile.Missed);
        (double raw, int falseAlarms) = (0, 0);
        for (int i = 0; i < scores.Length; i++)
        {
            (int window, double gain) = rows[i];
            if (scores[i] < threshold)
            {
                continue;
            }

            if (window >= 0)
            {
                best[window] = Math.Max(best[window], gain);
            }
            else
            {
                raw += gain;
                falseAlarms++;
            }
        }

        raw += best.Sum();
        return new NabScore(
            threshold,
            Normalised(raw, windows, profile),
            raw,
            windows,
            best.Count(b => b > -profile.Missed),
            falseAlarms);
    }

    private static double Normalised(double raw, int windows, NabProfile profile)
    {
        double silent = -profile.Missed * windows;
        return windows == 0 ? double.NaN : 100 * (raw - silent) / ((windows * profile.Found) - silent);
    }

    /// <summary>s(y): 1 far before the window's end, 0 at it, towards -1 behind.</summary>
    private static double Sigmoid(double position) =>
        position > 3 ? -1 : (2 / (1 + Math.Exp(5 * position))) - 1;

    private static (double[] Scores, (int Window, double Gain)[] Rows, int Windows) Rows(
        IReadOnlyList<NabScored> files, NabProfile profile)
    {
        List<double> scores = [];
        List<(int Window, double Gain)> rows = [];
        int windows = 0;
        foreach (NabScored file in files)
        {
            int probation = Math.Min((int)(ProbationShare * file.Scores.Length), LongestProbation);
            int next = 0;
            for (int i = 0; i < file.Scores.Length; i++)
            {
                while (next < file.Windows.Length && i > file.Windows[next].Last)
                {
                    next++;
                }

                if (i >= probation)
                {
                    scores.Add(double.IsNaN(file.Scores[i]) ? 0 : file.Scores[i]);
                    rows.Add(Row(file, i, next, windows, profile));
                }
            }

            windows += file.Windows.Length;
        }

        return ([.. scores], [.. rows], windows);
    }

    private static (int Window, double Gain) Row(NabScored file, int i, int next, int before, NabProfile profile)
    {
        if (next < file.Windows.Length && i >= file.Windows[next].First)
        {
            (int first, int last) = file.Windows[next];
            double position = -(last - i + 1) / (double)(last - first + 1);
            return (before + next, profile.Found * Sigmoid(position) / Sigmoid(-1));
        }

        if (next == 0)
        {
            return (-1, -profile.FalseAlarm);
        }

        (int start, int end) = file.Windows[next - 1];
        return (-1, profile.FalseAlarm * Sigmoid((i - end) / (double)Math.Max(1, end - start)));
    }
}
