using System.Diagnostics.Metrics;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>What a silo's turns are measured by.</summary>
internal static class TurnMetrics
{
    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.turn.duration", "s", "How long a twin's turn takes, without its commit.");

    private static readonly Counter<long> s_readings = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.readings", "{reading}", "Readings by what became of them.");

    private static readonly KeyValuePair<string, object?> s_applied = new("outcome", "applied");
    private static readonly KeyValuePair<string, object?> s_seen = new("outcome", "seen");

    /// <summary>Notes how long a turn took.</summary>
    public static void Took(TimeSpan time) => s_duration.Record(time.TotalSeconds);

    /// <summary>Counts the readings of an answer by their outcomes.</summary>
    public static void Count(in InputAnswer answer)
    {
        if (answer.Applied > 0)
        {
            s_readings.Add(answer.Applied, s_applied);
        }

        if (answer.Seen > 0)
        {
            s_readings.Add(answer.Seen, s_seen);
        }

        foreach (DroppedReading dropped in answer.Dropped ?? [])
        {
            s_readings.Add(1, new KeyValuePair<string, object?>("outcome", dropped.Outcome.ToString()));
        }
    }
}
