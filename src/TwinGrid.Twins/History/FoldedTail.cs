using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>
/// The turns of a twin that are not sealed yet, folded once, with what the fold said of their readings: turns that come
/// later are folded behind them. Belongs to one question at a time.
/// </summary>
internal sealed class FoldedTail
{
    private const int BytesOfReading = 48;
    private const int BytesOfReference = 96;
    private const int BytesOfState = 8_192;

    private readonly Dictionary<string, List<HistoryReading>> _readings;
    private readonly TwinReplay _replay;
    private readonly Recorder _recorder;

    private FoldedTail(TwinId twin, long after, TwinReplay replay, Recorder recorder)
    {
        Twin = twin;
        Sealed = after;
        Revision = after;
        _replay = replay;
        _recorder = recorder;
        _readings = recorder.Readings;
    }

    /// <summary>Whose.</summary>
    public TwinId Twin { get; }

    /// <summary>The revision that it begins after.</summary>
    public long Sealed { get; }

    /// <summary>The revision of the last turn that was folded.</summary>
    public long Revision { get; private set; }

    /// <summary>About how much memory it takes.</summary>
    public long Bytes => _recorder.Bytes + BytesOfState;

    /// <summary>Begins where the log is sealed.</summary>
    public static async Task<FoldedTail> BeginAsync(TwinId twin, StoredLog log, KindRegistry kinds)
    {
        Recorder recorder = new();
        return new FoldedTail(
            twin, log.Sealed, await TwinReplay.BeginAsync(twin, log.SealedState, kinds, recorder), recorder);
    }

    /// <summary>Folds the next turn.</summary>
    public async ValueTask ApplyAsync(TwinTurn turn)
    {
        await _replay.ApplyAsync(turn);
        Revision = turn.Revision;
    }

    /// <summary>Hands the readings to the sinks of their telemetry.</summary>
    /// <param name="sinks">The sinks by telemetry.</param>
    /// <param name="make">Makes the sink of a telemetry that has none; null where only some are asked for.</param>
    public void WriteTo(Dictionary<string, SeriesSink> sinks, Func<string, SeriesSink>? make)
    {
        foreach ((string telemetry, List<HistoryReading> readings) in _readings)
        {
            if (!sinks.TryGetValue(telemetry, out SeriesSink? sink))
            {
                if (make is null)
                {
                    continue;
                }

                sinks.Add(telemetry, sink = make(telemetry));
            }

            foreach (HistoryReading reading in readings)
            {
                sink.Add(reading);
            }
        }
    }

    private sealed class Recorder : ReadingRecorder
    {
        public Dictionary<string, List<HistoryReading>> Readings { get; } = new(StringComparer.Ordinal);

        public long Bytes { get; private set; }

        public override void Record(string telemetry, in HistoryReading reading, bool isNumbered)
        {
            if (!Readings.TryGetValue(telemetry, out List<HistoryReading>? readings))
            {
                Readings.Add(telemetry, readings = []);
            }

            readings.Add(reading);
            Bytes += BytesOfReading + (reading.Value.Type > TelemetryType.Boolean ? BytesOfReference : 0)
                + (sizeof(char) * (reading.Value.Text?.Length ?? 0));
        }
    }
}
