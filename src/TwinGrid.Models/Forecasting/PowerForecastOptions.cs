namespace TwinGrid.Models.Forecasting;

/// <summary>The options of <see cref="PowerForecast"/>.</summary>
/// <param name="Capacity">The greatest output, in its unit, above 0; default 1 (a share of the rated power).</param>
/// <param name="Confidence">The coverage of the interval, 0.1 to 0.98; default 0.9.</param>
/// <param name="Memory">
/// How many outputs it learns from, 1,000 to 10,000,000; default 50,000 (over five years of hours).
/// </param>
/// <param name="MaxAge">
/// An output pairs with the last weather, if that is for a time at most so far away, 1s to 1d; default 1h.
/// </param>
/// <param name="Detail">
/// Units of the random layer, 0 to 128; default 80. Each costs state, 0.7 to 1.3 KiB, and time.
/// </param>
internal sealed record PowerForecastOptions(
    double Capacity, double Confidence, double Memory, Duration MaxAge, int Detail)
{
    public static PowerForecastOptions Read(ModelOptions options)
    {
        PowerForecastOptions read = new(
            options.Number("capacity", 1, 1e-6, 1e12),
            options.Number("confidence", 0.9, 0.1, 0.98),
            options.Number("memory", 50_000, 1_000, 10_000_000),
            options.Duration("maxAge", TimeSpan.FromHours(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            options.Whole("detail", 80, 0, WeatherFeatures.MostDetail));
        options.RefuseOthers();
        return read;
    }
}
