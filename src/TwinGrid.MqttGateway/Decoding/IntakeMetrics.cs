using System.Diagnostics.Metrics;
using System.Numerics;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Counts messages and readings in cells that are summed up when somebody collects the metrics: a message costs one
/// or two additions, whoever listens. Thread-safe.
/// </summary>
internal static class IntakeMetrics
{
    private const int Uses = (int)TopicUse.Online + 1;

    // Two cache lines: threads that count at once do not take each other's.
    private const int CellSize = 16;

    private static readonly int Cells = (int)BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount);

    private static readonly long[] Counts = new long[(Cells + 1) * CellSize];

    private static readonly ObservableCounter<long> Messages = TwinGridDiagnostics.Meter.CreateObservableCounter(
        "twingrid.mqtt.messages", ByUse, "{message}", "messages from devices, by what their topic makes them");

    private static readonly ObservableCounter<long> Readings = TwinGridDiagnostics.Meter.CreateObservableCounter(
        "twingrid.mqtt.readings", () => Sum(Uses), "{reading}", "readings that were decoded");

    /// <summary>Counts a message.</summary>
    /// <param name="use">What it is.</param>
    /// <param name="readings">How many readings were decoded from it.</param>
    public static void Count(TopicUse use, int readings)
    {
        int cell = (1 + (Environment.CurrentManagedThreadId & (Cells - 1))) * CellSize;
        Interlocked.Increment(ref Counts[cell + (int)use]);
        if (readings > 0)
        {
            Interlocked.Add(ref Counts[cell + Uses], readings);
        }
    }

    /// <summary>How many messages of a use were counted.</summary>
    public static long MessagesOf(TopicUse use) => Sum((int)use);

    private static IEnumerable<Measurement<long>> ByUse() =>
        from use in Enum.GetValues<TopicUse>()
        let count = MessagesOf(use)
        where count > 0
        select new Measurement<long>(count, new KeyValuePair<string, object?>("use", Word(use)));

    private static long Sum(int column)
    {
        long sum = 0;
        for (int at = CellSize + column; at < Counts.Length; at += CellSize)
        {
            sum += Volatile.Read(ref Counts[at]);
        }

        return sum;
    }

    private static string Word(TopicUse use) => use switch
    {
        TopicUse.Telemetry => "telemetry",
        TopicUse.Reported => "reported",
        TopicUse.Result => "result",
        TopicUse.Online => "online",
        _ => "refused",
    };
}
