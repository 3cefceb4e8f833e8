namespace TwinGrid.ModelBench.Rhythm;

/// <summary>
/// The yardstick: Zhou et al. (2014) as published (words of three heart rates, 127 beats, threshold 0.639), but of
/// the last 127 beats instead of 63 to each side.
/// </summary>
internal static class SymbolicDynamics
{
    private const int Window = 127;
    private const double Threshold = 0.639;

    public static bool[] Tell(double[] intervals)
    {
        int[] rates = Array.ConvertAll(intervals, interval =>
            double.IsFinite(interval) ? (int)Math.Clamp(60 / interval / 5, 0, 63) : 0);
        bool[] said = new bool[rates.Length];
        Dictionary<int, int> counts = [];
        for (int i = 2; i < rates.Length; i++)
        {
            Count(counts, Word(rates, i), 1);
            if (i - Window >= 2)
            {
                Count(counts, Word(rates, i - Window), -1);
            }

            double entropy = counts.Values.Sum(n => -(double)n / Window * Math.Log2((double)n / Window));
            said[i] = counts.Count * entropy / (Window * Math.Log2(Window)) >= Threshold;
        }

        return said;
    }

    private static int Word(int[] rates, int at) => (rates[at - 2] << 12) + (rates[at - 1] << 6) + rates[at];

    private static void Count(Dictionary<int, int> counts, int word, int change)
    {
        int count = counts.GetValueOrDefault(word) + change;
        if (count == 0)
        {
            counts.Remove(word);
        }
        else
        {
            counts[word] = count;
        }
    }
}
