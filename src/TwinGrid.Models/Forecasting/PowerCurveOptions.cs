namespace TwinGrid.Models.Forecasting;

/// <summary>The options of <see cref="PowerCurve"/>.</summary>
/// <param name="Confidence">The nominal coverage of the interval, 0.5 to 0.999; default 0.9.</param>
/// <param name="MaxAge">
/// How old, in source time, an input may be to explain an output that comes without one; default 10 min, the
/// averaging time of turbine records (IEC 61400-12-1).
/// </param>
/// <param name="Memory">
/// How many readings near an input the curve remembers, 20 to 100,000; default 500. Fewer follow wear and seasons
/// faster, more give a quieter curve.
/// </param>
internal sealed record PowerCurveOptions(double Confidence, TimeSpan MaxAge, double Memory)
{
    public static PowerCurveOptions Read(ModelOptions options)
    {
        PowerCurveOptions read = new(
            options.Number("confidence", 0.9, 0.5, 0.999),
            options.Duration("maxAge", TimeSpan.FromMinutes(10), TimeSpan.Zero, TimeSpan.FromDays(400)),
            options.Number("memory", 500, 20, 100_000));
        options.RefuseOthers();
        return read;
    }
}
