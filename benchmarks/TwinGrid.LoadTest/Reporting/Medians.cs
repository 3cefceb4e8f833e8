namespace TwinGrid.LoadTest.Reporting;

/// <summary>The middle of several runs.</summary>
internal static class Medians
{
    /// <summary>The median of each figure by itself.</summary>
    public static LoadFigures Of(IReadOnlyList<LoadFigures> runs) => new()
    {
        OfferedPerSecond = Of(runs, static run => run.OfferedPerSecond),
        Sent = (long)Of(runs, static run => run.Sent)!,
        Acknowledged = (long)Of(runs, static run => run.Acknowledged)!,
        Lost = runs.Any(static run => run.Lost is null) ? null : runs.Sum(static run => run.Lost),
        MessagesPerSecond = (double)Of(runs, static run => run.MessagesPerSecond)!,
        ReadingsPerSecond = (double)Of(runs, static run => run.ReadingsPerSecond)!,
        LatencyMs = runs.Any(static run => run.LatencyMs is null) ? null : new LatencyFigures(
            (double)Of(runs, static run => run.LatencyMs!.P50)!,
            (double)Of(runs, static run => run.LatencyMs!.P90)!,
            (double)Of(runs, static run => run.LatencyMs!.P99)!,
            (double)Of(runs, static run => run.LatencyMs!.P999)!,
            (double)Of(runs, static run => run.LatencyMs!.Max)!),
        GridCpuMicrosPerMessage = Of(runs, static run => run.GridCpuMicrosPerMessage),
        StoreCpuMicrosPerMessage = Of(runs, static run => run.StoreCpuMicrosPerMessage),
        ClientCpuMicrosPerMessage = (double)Of(runs, static run => run.ClientCpuMicrosPerMessage)!,
        AllocatedBytesPerMessage = Of(runs, static run => run.AllocatedBytesPerMessage),
        PeakRssMiB = Of(runs, static run => run.PeakRssMiB),
        Gc = runs.Any(static run => run.Gc is null) ? null :
            [.. Enumerable.Range(0, 3).Select(i => (long)Of(runs, run => run.Gc![i])!)],
    };

    // Between two middle ones the lower counts, so that the figure is one that was measured; lost messages are added.
    private static double? Of(IReadOnlyList<LoadFigures> runs, Func<LoadFigures, double?> figure)
    {
        double?[] sorted = [.. runs.Select(figure).Order()];
        return sorted[0] is null ? null : sorted[(sorted.Length - 1) / 2];
    }
}
