using System.Globalization;
using System.Text.RegularExpressions;
using TwinGrid.ModelBench.Anomaly;
using TwinGrid.ModelBench.Cost;
using TwinGrid.ModelBench.Life;
using TwinGrid.ModelBench.Process;
using TwinGrid.ModelBench.Table;
using TwinGrid.Tests.Tidy;

namespace TwinGrid.Tests.Models;

/// <summary>The table of scores in the README is what the bench prints.</summary>
public sealed partial class BenchTableTests
{
    private const string Output = "benchmarks/TwinGrid.ModelBench/table.md";

    [Fact]
    public void The_README_shows_the_output_of_the_bench() => Assert.Equal(
        Repository.Read(Output).Trim(), Block().Match(Repository.Read("README.md")).Groups[1].Value.Trim());

    [Fact]
    public void Each_row_has_every_column_of_the_head()
    {
        string[] lines = Repository.Read(Output).Trim().Split('\n');
        Assert.Equal(TableRow.Header, string.Join('\n', lines[..2]));
        Assert.All(lines, line => Assert.Equal(lines[0].Count(c => c == '|'), line.Count(c => c == '|')));
    }

    [Fact]
    public void Each_row_says_what_a_sample_costs_and_each_model_has_one()
    {
        string[][] rows = [.. Repository.Read(Output).Trim().Split('\n')[2..].Select(line => line.Split('|'))];
        Assert.All(rows, cells =>
        {
            Assert.NotEqual("", cells[7].Trim());
            Assert.NotEqual("", cells[8].Trim());
        });

        // The first and the last row are of costs; a score is worth nothing without that of knowing little.
        Assert.All(rows[1..^1], cells => Assert.NotEqual("", cells[4].Trim()));
        Assert.All(
            RunningModel.TypeNames.Append("Onnx"),
            type => Assert.Contains(rows[1..], cells => cells[1].Trim().StartsWith(type, StringComparison.Ordinal)));
    }

    /// <summary>
    /// The rows that take some seconds; another processor may round otherwise, so within one in a hundred.
    /// </summary>
    [Fact]
    public void The_scores_of_Anomaly_and_HeartRhythm_are_those_of_the_table()
    {
        string data = Path.GetDirectoryName(PublicData.File("README.md"))!;
        string[] committed = Repository.Read(Output).Trim().Split('\n');
        TableRow[] rows = [.. AnomalyRows.Of(data), .. RhythmRows.Of(data).Take(1)];
        Assert.All(rows, row =>
        {
            string line = Assert.Single(
                committed, line => line.StartsWith($"| {row.Data} | {row.Score} |", StringComparison.Ordinal));
            Assert.Equal(Numbers(line.Split('|')[3]), Numbers(row.Ours), (a, b) => Math.Abs(a - b) <= 0.01 * a);
        });
    }

    [Fact]
    public void A_steady_alarm_scores_three_quarters_at_BATADAL_and_silence_one_quarter()
    {
        string[] stamps = ["a", "b", "c", "d", "e", "f"];
        AttackScore score = AttackScore.Of([("b", "c"), ("e", "e")], stamps, "this test");

        Assert.Equal(0.75, score.Judge(_ => true, 0, 6).Score);
        Assert.Equal(0.25, score.Judge(_ => false, 0, 6).Score);

        // Hour c of an attack over b and c: detected half way; one of three hours under attack, no false alarm.
        AttackFigures late = score.Judge(hour => hour == 2, 0, 6);
        Assert.Equal((0.25, 1.0 / 3, 1.0), (late.Detection, late.Hits, late.Quiet));

        // Only the second attack begins in the later half.
        Assert.Equal(1, score.Judge(hour => hour == 4, 3, 6).Detection);
    }

    [Fact]
    public void Drawn_again_units_that_are_all_alike_have_one_error()
    {
        LifeScore score = new();
        for (int unit = 0; unit < 20; unit++)
        {
            score.Add(truth: 130, predicted: 120, lower: 0, upper: 125);
        }

        Assert.Equal(5, score.Rmse); // the truth is capped at 125
        Assert.Equal(10, score.UncappedRmse);
        Assert.Equal((5.0, 5.0), score.RmseOfUnitsDrawnAgain());
    }

    [Fact]
    public void A_threshold_is_best_for_the_other_kinds_of_files()
    {
        // In a the window is found at 0.9 and a false alarm stands at 0.5; in b the other way about.
        NabScored a = new("a/x", [.. Row(20, (12, 0.9), (8, 0.5))], [(11, 14)]);
        NabScored b = new("b/x", [.. Row(20, (12, 0.5), (8, 0.9))], [(11, 14)]);

        // b does best at 0.5, where a has its window and its false alarm; a at 0.9, where b has only a false alarm.
        double found = Sigmoid(-0.75) / Sigmoid(-1);
        double raw = found - 0.11 - 0.11 - 1;
        Assert.Equal(
            100 * (raw + 2) / 4, NabScorer.CategoriesLeftOut([a, b], NabProfile.Standard), 1e-9);

        static double Sigmoid(double y) => (2 / (1 + Math.Exp(5 * y))) - 1;
    }

    [Fact]
    public void What_is_measured_is_what_four_telemetries_cost()
    {
        CostSubject stack = CostSubjects.All().First();
        Assert.Equal(CostSubjects.StandardStack, stack.Name);
        Assert.Equal(["SignalAnomaly", "TrendToLimit"], stack.Models.Select(model => model.GetType().Name).Distinct());
        Assert.Equal(8, stack.Models.Length);
        Assert.InRange(stack.StateBytes, 1, 4096);
    }

    private static double[] Row(int length, params (int Row, double Score)[] scores)
    {
        double[] row = new double[length];
        foreach ((int at, double score) in scores)
        {
            row[at] = score;
        }

        return row;
    }

    private static double[] Numbers(string text) =>
    [
        .. Number().Matches(text.Replace(",", "", StringComparison.Ordinal))
            .Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture)),
    ];

    [GeneratedRegex(@"<!-- table: \S+ -->\n(.*?)<!-- end of table -->", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Number();
}
