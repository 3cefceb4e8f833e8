using TwinGrid.ModelBench.Life;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

/// <summary>When maintenance is called, so that it pays.</summary>
public sealed class BenchCallThresholdTests
{
    [Theory]
    [InlineData(6, 0.4)] // four of ten had more than 6 said of them to the end
    [InlineData(10, 0.0889)] // beyond 7, three by 6 in all: 0.3 (6/(6 + 3))^3
    [InlineData(31, 0.0024)] // 0.3 (6/(6 + 24))^3
    public void A_unit_to_come_may_be_worse_than_all_that_were_seen(double threshold, double late) =>
        Assert.Equal(late, CallThreshold.Late([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], threshold), 1e-4);

    [Fact]
    public void The_dearer_a_failure_the_earlier_is_called()
    {
        WatchedUnit[] units = Fleet();
        int[] thresholds = [.. new[] { 2.0, 10, 100 }.Select(cost => CallThreshold.Choose(units, cost, units.Length))];

        Assert.True(thresholds[0] < thresholds[1] && thresholds[1] < thresholds[2], string.Join(' ', thresholds));
    }

    [Fact]
    public void In_nineteen_of_twenty_fleets_no_more_fail_than_are_bearable()
    {
        WatchedUnit[] units = Fleet();
        double[] least = [.. units.Select(unit => unit.LeastInTime).Order()];
        int cheap = CallThreshold.Choose(units, 2, units.Length);
        int safe = CallThreshold.Choose(units, 2, 0);

        // None of 40 fails in nineteen of twenty fleets: e^(-40 p) = 0.95, so p = 0.00128.
        Assert.InRange(CallThreshold.Late(least, cheap), 0.00128, 1);
        Assert.InRange(CallThreshold.Late(least, safe), 0, 0.00128);
        Assert.InRange(CallThreshold.Late(least, safe - 1), 0.00128, 1);
    }

    [Theory]
    [InlineData(0, 0.0513, 0.05)] // 1 - e^-0.0513
    [InlineData(1, 0.5, 0.0902)] // 1 - 1.5 e^-0.5
    [InlineData(2, 2, 0.3233)] // 1 - 5 e^-2
    [InlineData(3, 0, 0)]
    public void Rare_failures_are_counted_as_Poisson_counts_them(int events, double expected, double probability) =>
        Assert.Equal(probability, CallThreshold.MoreThan(events, expected), 1e-4);

    /// <summary>Forty units of 100 to 139 cycles; what is said of each is 0 to 13 too much.</summary>
    private static WatchedUnit[] Fleet() =>
    [
        .. Enumerable.Range(0, 40).Select(i =>
        {
            int life = 100 + i;
            double[][] none = [.. Enumerable.Repeat(Array.Empty<double>(), life)];
            LifeHistory unit = new($"{i}", [.. Enumerable.Range(1, life).Select(age => (double)age)], none, none);
            return new WatchedUnit(unit, [.. unit.Ages.Select(age => life - age + (i * 7 % 40 / 3.0))], 1);
        }),
    ];
}
