using TwinGrid.ModelBench.Anomaly;
using TwinGrid.Tests.Tidy;

namespace TwinGrid.Tests.Models;

/// <summary>The benchmark's scoring against its own arithmetic and its published results.</summary>
public sealed class BenchNabScorerTests(ITestOutputHelper output)
{
    // 1,000 rows: 150 are probation. Windows of 100 rows.
    private static readonly (int First, int Last)[] Windows = [(300, 399), (700, 799)];

    [Fact]
    public void A_detector_that_never_speaks_scores_nothing() =>
        Assert.Equal(0, NabScorer.At(0.5, [Rows()], NabProfile.Standard).Normalised, 1e-9);

    [Fact]
    public void Alarms_on_the_first_row_of_each_window_score_a_hundred() =>
        Assert.Equal(100, NabScorer.At(0.5, [Rows(300, 700)], NabProfile.Standard).Normalised, 1e-9);

    [Fact]
    public void Only_the_earliest_alarm_in_a_window_counts()
    {
        double one = NabScorer.At(0.5, [Rows(310, 700)], NabProfile.Standard).Raw;

        Assert.Equal(one, NabScorer.At(0.5, [Rows(310, 311, 350, 399, 700)], NabProfile.Standard).Raw, 1e-9);
    }

    [Theory]
    [InlineData(200, -0.11)] // before any window: all of it
    [InlineData(999, -0.11)] // (999 - 799)/99 = 2.02 windows behind: 0.11 (2/(1 + e^10.1) - 1)
    [InlineData(409, -0.0272)] // (409 - 399)/99 = 0.101 behind: 0.11 (2/(1 + e^0.505) - 1)
    [InlineData(149, 0)] // probation
    public void An_alarm_outside_costs_the_more_the_farther_behind_a_window_it_comes(int row, double cost)
    {
        double raw = NabScorer.At(0.5, [Rows(300, 700, row)], NabProfile.Standard).Raw;

        Assert.Equal(cost, raw - 2, 1e-4);
    }

    [Theory]
    [InlineData("standard", 50)] // (1 - 1 + 2)/(2 + 2)
    [InlineData("reward_low_FN_rate", 50)] // (1 - 2 + 4)/(2 + 4)
    public void A_window_missed_costs_what_the_profile_says(string name, double score)
    {
        NabProfile profile = NabProfile.All.Single(profile => profile.Name == name);

        Assert.Equal(score, NabScorer.At(0.5, [Rows(300)], profile).Normalised, 1e-9);
    }

    [Fact]
    public void One_threshold_serves_all_files_and_no_other_is_better()
    {
        Random random = new(4);
        NabScored[] files =
        [
            .. Enumerable.Range(0, 3).Select(file => new NabScored(
                $"some/{file}.csv",
                [.. Enumerable.Range(0, 1000).Select(row => random.NextDouble() + (row == 720 ? 0.5 : 0))],
                Windows)),
        ];
        double best = NabScorer.At(NabScorer.BestThreshold(files, NabProfile.Standard), files, NabProfile.Standard).Raw;

        Assert.All(
            files.SelectMany(file => file.Scores).Distinct().Where((_, i) => i % 50 == 0),
            threshold => Assert.True(NabScorer.At(threshold, files, NabProfile.Standard).Raw <= best + 1e-9));
    }

    [Fact]
    public void The_published_yardsticks_score_what_was_published()
    {
        // Windowed Gaussian on these files: 36.7 with the threshold of all 58, so a little more with their own.
        NabScore gaussian = Best("windowed-gaussian");
        NabScore random = Best("random");
        output.WriteLine($"windowed Gaussian {gaussian.Normalised:0.0}, random {random.Normalised:0.0}");

        Assert.InRange(gaussian.Normalised, 36.7, 37.7);
        Assert.InRange(random.Normalised, 4, 21);
        Assert.Equal(0, Best("null").Normalised, 1e-9);
    }

    [Fact]
    public void Anomaly_scores_above_what_was_promised_and_above_HTM()
    {
        // One threshold, written down here, for all files; HTM reaches 71.2 on them, 62 is the goal.
        NabScore ours = NabScorer.At(0.95, Scored(NabDetectors.Ours), NabProfile.Standard);
        output.WriteLine(ours.ToString());

        Assert.InRange(ours.Normalised, 71.2, 100);
    }

    private static NabScore Best(string detector)
    {
        NabScored[] files = Scored(detector);
        return NabScorer.At(NabScorer.BestThreshold(files, NabProfile.Standard), files, NabProfile.Standard);
    }

    private static NabScored[] Scored(string detector)
    {
        DirectoryInfo? folder = new(Repository.Root);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "shared", "data", "nab")))
        {
            folder = folder.Parent;
        }

        if (folder is null)
        {
            Assert.Skip("No ../shared/data/nab beside the repository.");
        }

        string data = Path.Combine(folder.FullName, "shared", "data", "nab");
        NabLabels labels = NabLabels.Read(Path.Combine(data, "labels", "combined_windows.json"));
        Func<NabFile, double[]> score = NabDetectors.Find(detector);
        return [.. NabFile.ReadAll(Path.Combine(data, "data")).Select(file => labels.Score(file, score(file)))];
    }

    private static NabScored Rows(params int[] alarms)
    {
        double[] scores = new double[1000];
        foreach (int row in alarms)
        {
            scores[row] = 1;
        }

        return new NabScored("some/file.csv", scores, Windows);
    }
}
