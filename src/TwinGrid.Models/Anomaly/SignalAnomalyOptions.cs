namespace TwinGrid.Models.Anomaly;

/// <summary>The options of <see cref="SignalAnomaly"/>.</summary>
/// <param name="Threshold">
/// The score at which a reading is unusual, 0.5 to 0.99999; default 0.99. A normal reading passes it with
/// probability (1 - threshold)²: 0.99 once in 10,000 readings, 0.995 about once a month at one a minute. It sets the
/// normal band; alarms are raised by policies.
/// </param>
/// <param name="Warmup">Readings before the first score, 10 to 100,000; default 30.</param>
/// <param name="Memory">
/// How many readings the noise is learnt from, 50 to 1,000,000; default 500. Fewer forgive a change of noise sooner.
/// </param>
internal sealed record SignalAnomalyOptions(double Threshold, double Warmup, double Memory)
{
    public static SignalAnomalyOptions Read(ModelOptions options)
    {
        SignalAnomalyOptions read = new(
            options.Number("threshold", 0.99, 0.5, 0.99999),
            options.Number("warmup", 30, 10, 100_000),
            options.Number("memory", 500, 50, 1_000_000));
        options.RefuseOthers();
        return read;
    }
}
