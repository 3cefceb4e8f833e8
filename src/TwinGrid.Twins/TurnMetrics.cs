using System.Diagnostics.Metrics;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>What a silo's turns are measured by.</summary>
internal static class TurnMetrics
{
    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.turn.duration", "s", "How long a twin's turn takes, without its commit.");

    private static readonly Counter<long> s_readings = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.readings", "{reading}", "Readings by what became of them.");

    private static readonly Counter<long> s_messages = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.ingest.messages", "{message}", "Messages by the road that they took to their twin.");

    private static readonly Counter<long> s_lateResults = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.commands.late_results",
        "{result}",
        "Results of devices that came after their command was called expired or was called back.");

    private static readonly KeyValuePair<string, object?> s_applied = new("outcome", "applied");
    private static readonly KeyValuePair<string, object?> s_seen = new("outcome", "seen");
    private static readonly KeyValuePair<string, object?> s_inProcess = new("road", "in-process");
    private static readonly KeyValuePair<string, object?> s_batch = new("road", "batch");
    private static readonly KeyValuePair<string, object?> s_call = new("road", "call");

    /// <summary>Notes how long a turn took.</summary>
    public static void Took(TimeSpan time) => s_duration.Record(time.TotalSeconds);

    /// <summary>Counts a turn.</summary>
    public static void Count(in TurnTally turn)
    {
        Add(s_readings, turn.Applied, s_applied);
        Add(s_readings, turn.Seen, s_seen);
        Add(s_messages, turn.Messages - turn.Batched - turn.Called, s_inProcess);
        Add(s_messages, turn.Batched, s_batch);
        Add(s_messages, turn.Called, s_call);
    }

    /// <summary>Counts results that came after their command had ended.</summary>
    public static void CountLateResults(int count) => s_lateResults.Add(count);

    /// <summary>Counts what could not be used.</summary>
    public static void CountDropped(List<DroppedReading> readings)
    {
        foreach (DroppedReading reading in readings)
        {
            s_readings.Add(1, new KeyValuePair<string, object?>("outcome", reading.Outcome.ToString()));
        }
    }

    private static void Add(Counter<long> counter, long count, in KeyValuePair<string, object?> tag)
    {
        if (count > 0)
        {
            counter.Add(count, tag);
        }
    }
}

/// <summary>The messages and readings of one turn: a counter costs too much to be told of each.</summary>
internal struct TurnTally
{
    public long Messages { get; private set; }

    /// <summary>Those that came in a batch of another silo.</summary>
    public long Batched { get; private set; }

    /// <summary>Those that came as a grain call.</summary>
    public long Called { get; private set; }

    public long Applied { get; private set; }

    public long Seen { get; private set; }

    public void Add(IngestMessage message, in InputAnswer answer)
    {
        Messages++;
        Batched += message is LaneMessage ? 1 : 0;
        Called += message is TwinCall ? 1 : 0;
        Applied += answer.Applied;
        Seen += answer.Seen;
        if (answer.Dropped is { } dropped)
        {
            TurnMetrics.CountDropped(dropped);
        }
    }
}
