using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>A silo dies or stands still: what that means for those who ask its twins.</summary>
public sealed class DeathTests(ITestOutputHelper output)
{
    private const int Twins = 12;

    /// <summary>Longer than any pause of a twin whose silo lives, shorter than any whose silo died.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestKill = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task The_twins_of_a_killed_silo_answer_again_through_the_others()
    {
        await using ClusterOfSilos cluster = await ClusterOfSilos.StartAsync(3);
        await using ProbedTwins twins = await ProbedTwins.StartAsync(Twins, [cluster[0], cluster[1]]);
        twins.TakeLongest();

        await cluster.KillAsync(2);
        await twins.AnsweredAsync();

        TimeSpan[] hit = [.. twins.TakeLongest().Where(static gap => gap > Noticed).Order()];
        Assert.NotEmpty(hit);
        output.WriteLine($"{hit.Length} twins: {string.Join(", ", hit.Select(static h => $"{h.TotalSeconds:0.0} s"))}");
        Assert.InRange(hit[^1], TimeSpan.Zero, LongestKill);
    }
}
