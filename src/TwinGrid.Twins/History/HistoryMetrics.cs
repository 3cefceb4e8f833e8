using System.Diagnostics.Metrics;

namespace TwinGrid.Twins.History;

/// <summary>What sealing counts.</summary>
internal static class HistoryMetrics
{
    private static readonly Counter<long> s_parts = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.seals",
        "{part}",
        "Parts of logs by what became of them: sealed, mismatch (folded again they gave another state), failed");

    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.history.seal.duration", "s", "How long it takes to fold, verify and seal a part of a log.");

    private static readonly Counter<long> s_expired = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.expired", "{reading}", "Readings that were older on arrival than they are kept.");

    private static readonly Counter<long> s_dropped = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.partitions.dropped", "{partition}", "Partitions of history that retention dropped.");

    private static readonly Counter<long> s_missed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.history.notes.missed", "{twin}", "Twins that found the sealer busy; the next look finds them.");

    public static void Sealed(TimeSpan time, int expired)
    {
        Count("sealed");
        s_duration.Record(time.TotalSeconds);
        s_expired.Add(expired);
    }

    public static void Count(string outcome) => s_parts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public static void Dropped(int partitions) => s_dropped.Add(partitions);

    public static void Missed() => s_missed.Add(1);
}
