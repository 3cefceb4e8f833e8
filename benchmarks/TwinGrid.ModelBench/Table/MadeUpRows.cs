using TwinGrid.ModelBench.Onnx;
using TwinGrid.ModelBench.Signals;
using TwinGrid.ModelBench.Trend;

namespace TwinGrid.ModelBench.Table;

/// <summary>
/// Models for which no public data with a truth are at hand: scored on signals of which mathematics says it.
/// </summary>
internal static class MadeUpRows
{
    public static IEnumerable<TableRow> Of()
    {
        _ = RampBench.Run();
        RampBench ramp = RampBench.Run();
        yield return new TableRow(
            Figures.Write($"TrendToLimit: {RampBench.Ramps:#,0} lines in noise, {RampBench.Ramps:#,0} steady signals"),
            "median error of the time left, half of the way gone / coverage of 99 % / readings of steady ones called",
            Figures.Write($"**{Figures.Percent(ramp.Error)}** / {Figures.Percent(ramp.Coverage)} / ")
                + Figures.Percent(ramp.False),
            Figures.Write($"line from the first to the last reading {Figures.Percent(ramp.EndsError)}, ")
                + (double.IsInfinity(ramp.StepError)
                    ? "through the last two none at the median"
                    : $"through the last two {Figures.Percent(ramp.StepError)}"),
            "",
            Seen.MadeUp,
            ramp.Cost);

        BearingBench bearing = BearingBench.Run();
        yield return new TableRow(
            Figures.Write($"Signals: {2 * BearingBench.Blocks:#,0} blocks of {BearingBench.Samples:#,0} samples"),
            "defects of the outer ring found / sound bearings called defective",
            Figures.Write($"**{Figures.Percent(bearing.Found)}** / {Figures.Percent(bearing.False)}"),
            Figures.Write($"kurtosis, at 1 % of the sound {Figures.Percent(bearing.KurtosisFound)}, never 0 / 0 %"),
            "",
            Seen.MadeUp,
            bearing.Cost);

        OnnxBench onnx = OnnxBench.Run();
        yield return new TableRow(
            "Onnx: a network of 16 inputs, 64 hidden units",
            "greatest difference from the same in doubles",
            Figures.Write($"{onnx.Error:0.0e0}; a row that is run alone, not in a batch of 256, costs ")
                + Figures.Write($"{onnx.Alone.Seconds * 1e6 / onnx.Alone.Samples:0.0} µs"),
            "",
            "",
            Seen.MadeUp,
            onnx.Together);
    }
}
