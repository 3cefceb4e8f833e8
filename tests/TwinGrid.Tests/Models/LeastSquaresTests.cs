using TwinGrid.Models.Forecasting;

namespace TwinGrid.Tests.Models;

public sealed class LeastSquaresTests
{
    private readonly Noise _noise = new(11);

    [Fact]
    public void It_is_ridge_regression_where_nothing_is_forgotten()
    {
        // One feature of 1 and 2, targets 1 and 4, variance 0.5 of the weight before: (1·1 + 2·4)/(1 + 4 + 1/0.5).
        LeastSquares squares = new([0.5], 1e9);
        double[] state = Begin(squares);
        Learn(squares, state, [1], 1);
        Learn(squares, state, [2], 4);
        Assert.Equal(9.0 / 7, squares.Predict(state, [1]), 1e-6);
    }

    [Fact]
    public void What_comes_is_forgotten_though_something_else_never_comes()
    {
        LeastSquares squares = new([5, 5], 100);
        double[] state = Begin(squares);
        for (int i = 0; i < 3000; i++)
        {
            Learn(squares, state, [1, 0], i < 2000 ? 1 : 3);
        }

        // e^-10 of the first 2,000 is left after 1,000 of a memory of 100.
        Assert.Equal(3, squares.Predict(state, [1, 0]), 0.001);
    }

    [Fact]
    public void What_does_not_come_for_long_keeps_its_weight_and_does_not_burst()
    {
        LeastSquares squares = new([5, 5], 100);
        double[] state = Begin(squares);
        for (int i = 0; i < 100_000; i++)
        {
            Learn(squares, state, i < 50 ? [0, 1] : [1, 0.0], i < 50 ? 2 : 1);
        }

        Assert.Equal(2, squares.Predict(state, [0, 1]), 0.02);

        // Its variance is back at 5 at the most: one outcome of 4 moves it by 5/(5 + 1) of the way.
        Learn(squares, state, [0, 1], 4);
        Assert.InRange(squares.Predict(state, [0, 1]), 2, 2 + (2 * 5.0 / 6) + 0.02);
    }

    [Fact]
    public void Features_that_say_the_same_stay_sound_for_a_million_steps()
    {
        LeastSquares squares = new([5, 1, 0.01, 0.1], 1000);
        double[] state = Begin(squares);
        for (int i = 0; i < 1_000_000; i++)
        {
            double x = _noise.Gaussian();
            Learn(squares, state, [1, x, x, 1 - x], 1 + (2 * x) + (0.1 * _noise.Gaussian()));
        }

        Assert.All(state, number => Assert.InRange(Math.Abs(number), 0, 100));
        Assert.Equal(5, squares.Predict(state, [1, 2, 2, -1]), 0.05);
        Assert.Equal(-3, squares.Predict(state, [1, -2, -2, 3]), 0.05);
    }

    private static double[] Begin(LeastSquares squares)
    {
        double[] state = new double[squares.StateLength];
        squares.Begin(state);
        return state;
    }

    private static void Learn(LeastSquares squares, double[] state, double[] features, double target) =>
        squares.Learn(state, features, target - squares.Predict(state, features));
}
