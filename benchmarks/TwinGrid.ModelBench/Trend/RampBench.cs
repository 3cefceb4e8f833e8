using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Trend;

/// <summary>
/// TrendToLimit on made-up signals that rise to a limit along a straight line, in noise; judged when half of the way is
/// left, and beside it on signals that stay where they are.
/// </summary>
/// <param name="Error">The median of |said - true| / true.</param>
/// <param name="Coverage">The part of the truths that lie in the interval of 99 %.</param>
/// <param name="False">The part of the readings of steady signals that are said to reach the limit.</param>
/// <param name="EndsError">As <paramref name="Error"/>, of the line through the first and the last reading.</param>
/// <param name="StepError">As <paramref name="Error"/>, of the line through the last two readings.</param>
/// <param name="Cost">Of a reading.</param>
internal sealed record RampBench(
    double Error, double Coverage, double False, double EndsError, double StepError, ModelCost Cost)
{
    public const int Ramps = 1000;

    private const int Readings = 400;
    private const double Limit = 100;

    public static RampBench Run()
    {
        List<double> errors = [];
        List<double> ends = [];
        List<double> steps = [];
        (int covered, int wrong, int judged) = (0, 0, 0);
        RunningModel model = new("TrendToLimit", ["x"], options: """{ "limit": 100 }""");
        double seconds = 0;
        for (int ramp = 0; ramp < 2 * Ramps; ramp++)
        {
            bool isSteady = ramp % 2 == 1;
            Random chance = new(ramp);

            // In these readings half of the way is gone, from 40 to 70; they come every one to ten minutes.
            double step = 60 * Math.Pow(10, chance.NextDouble());
            double rise = isSteady ? 0 : 30.0 / Readings;
            double[] values = [.. Enumerable.Range(0, Readings)
                .Select(i => 40 + (rise * (i + 1)) + Noise.Gaussian(chance))];
            model.Restart();
            Prediction said = Prediction.None;
            double start = ModelCost.CpuSeconds;
            for (int i = 0; i < Readings; i++)
            {
                long time = (long)(i * step * UnixMicroseconds.PerSecond);
                said = model.Read(time, new ReadOnlySpan<double>(in values[i]));
                wrong += isSteady && said.HasValue ? 1 : 0;
            }

            seconds += ModelCost.CpuSeconds - start;
            if (isSteady)
            {
                continue;
            }

            judged++;
            double truth = (Limit - 70) / rise * step;
            errors.Add(said.HasValue ? Math.Abs(said.Value - truth) / truth : double.PositiveInfinity);
            covered += truth >= said.Lower && truth <= said.Upper ? 1 : 0;
            ends.Add(ErrorOf((values[^1] - values[0]) / (Readings - 1), values[^1], step, truth));
            steps.Add(ErrorOf(values[^1] - values[^2], values[^1], step, truth));
        }

        return new RampBench(
            Median(errors),
            covered / (double)judged,
            wrong / ((double)Ramps * Readings),
            Median(ends),
            Median(steps),
            new ModelCost(2L * Ramps * Readings, seconds, model.StateBytes));
    }

    private static double ErrorOf(double rise, double level, double step, double truth) =>
        rise > 0 ? Math.Abs(((Limit - level) / rise * step) - truth) / truth : double.PositiveInfinity;

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
