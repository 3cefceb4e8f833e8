using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>Hands the readings of turns that are not sealed yet to the sinks of their telemetry.</summary>
/// <param name="sinks">The sinks by telemetry.</param>
/// <param name="make">Makes the sink of a telemetry that has none yet; null where only some are asked for.</param>
internal sealed class TailRecorder(Dictionary<string, SeriesSink> sinks, Func<string, SeriesSink>? make)
    : ReadingRecorder
{
    public override void Record(string telemetry, in HistoryReading reading, bool isNumbered)
    {
        if (!sinks.TryGetValue(telemetry, out SeriesSink? sink))
        {
            if (make is null)
            {
                return;
            }

            sinks.Add(telemetry, sink = make(telemetry));
        }

        sink.Add(reading);
    }
}
