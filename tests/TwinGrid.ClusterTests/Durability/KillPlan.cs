using System.Globalization;

namespace TwinGrid.ClusterTests.Durability;

/// <summary>
/// How often a silo is killed, and after how many acknowledgements each time. <c>TWINGRID_KILLS</c> makes it more than
/// the few of every run, <c>TWINGRID_SEED</c> repeats them.
/// </summary>
internal static class KillPlan
{
    private const int Longest = 1_500;

    /// <summary>The lives of the silo, in acknowledgements.</summary>
    /// <param name="usual">Those of a run that nobody asked for more.</param>
    /// <param name="say">Says the seed.</param>
    public static IReadOnlyList<int> Lives(IReadOnlyList<int> usual, Action<string> say)
    {
        if (Setting("TWINGRID_KILLS") is not { } kills)
        {
            return usual;
        }

        int seed = Setting("TWINGRID_SEED") ?? Random.Shared.Next();
        say($"{kills} kills, TWINGRID_SEED={seed}");

        // As many short lives as long ones: a silo that was just started is at another place of its work.
#pragma warning disable CA5394 // Nothing here is a secret.
        var random = new Random(seed);
        return [.. Enumerable.Range(0, kills).Select(_ => (int)Math.Pow(Longest, random.NextDouble()))];
#pragma warning restore CA5394
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
