using TwinGrid.Models.Trend;

namespace TwinGrid.Tests.Models;

public sealed class StudentQuantileTests
{
    /// <summary>
    /// Two-sided, as tables of Student's distribution print them; by hand tan(π/2 · confidence) at one degree of
    /// freedom and c √(2/(1 - c²)) at two.
    /// </summary>
    [Theory]
    [InlineData(0.5, 1, 1)]
    [InlineData(0.9, 1, 6.3138)]
    [InlineData(0.9, 2, 2.9200)]
    [InlineData(0.9, 3, 2.3534)]
    [InlineData(0.9, 10, 1.8125)]
    [InlineData(0.99, 1, 63.657)]
    [InlineData(0.99, 2, 9.9248)]
    [InlineData(0.99, 3, 5.8409)]
    [InlineData(0.99, 30, 2.7500)]
    [InlineData(0.99, 120, 2.6174)]
    [InlineData(0.9999, 1, 6366.2)]
    [InlineData(0.9999, 2, 99.9925)]
    [InlineData(0.9999, 3, 28.000)]
    public void It_is_the_printed_one_within_a_thousandth(double confidence, double freedom, double printed) =>
        Assert.InRange(new StudentQuantile(confidence).At(freedom) / printed, 0.999, 1.001);

    [Fact]
    public void Of_readings_without_number_it_is_that_of_the_normal_distribution() =>
        Assert.Equal(2.5758, new StudentQuantile(0.99).At(1e12), 1e-4);

    [Theory]
    [InlineData(0.99)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void Below_one_degree_of_freedom_nothing_is_sure(double freedom) =>
        Assert.Equal(double.PositiveInfinity, new StudentQuantile(0.99).At(freedom));
}
