namespace TwinGrid.Models.Anomaly;

/// <summary>When a score is told.</summary>
internal enum Telling : byte
{
    /// <summary>With each reading: the score stays up while the signal is unusual. For policies.</summary>
    Always = 0,

    /// <summary>
    /// Once an event: the score is 0 until something odder comes or 100 readings passed. For those who count rows.
    /// </summary>
    Once = 1,
}

/// <summary>The options of <see cref="SignalAnomaly"/>.</summary>
/// <param name="Threshold">
/// The score at which a reading is unusual, 0.5 to 0.99999; default 0.99. A normal reading passes it with
/// probability (1 - threshold)² or less where one comes each minute or more often; where they come less often,
/// with a greater one, so that normal signals alarm as seldom by the clock. It sets the normal band of the
/// reason; alarms are raised by policies.
/// </param>
/// <param name="Warmup">Readings before the first score, 10 to 100,000; default 30.</param>
/// <param name="Memory">
/// How many readings the noise and its tail are learnt from, 50 to 1,000,000; default 5,000. Fewer forgive a change
/// of noise sooner and know rare readings worse.
/// </param>
/// <param name="Tell"><c>always</c> (default) or <c>once</c>.</param>
internal sealed record SignalAnomalyOptions(double Threshold, double Warmup, double Memory, Telling Tell)
{
    public static SignalAnomalyOptions Read(ModelOptions options)
    {
        SignalAnomalyOptions read = new(
            options.Number("threshold", 0.99, 0.5, 0.99999),
            options.Number("warmup", 30, 10, 100_000),
            options.Number("memory", 5_000, 50, 1_000_000),
            options.Choice("tell", Telling.Always));
        options.RefuseOthers();
        return read;
    }
}
