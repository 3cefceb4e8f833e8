using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>
/// Gathers the readings of a part that is sealed, and merges those that nothing tells apart: same telemetry, time and
/// value, and no number (contracts section 2).
/// </summary>
/// <param name="forgetsAtDeletion">
/// True while the first turn of a part is folded whose twin was erased: what came before the deletion in that same
/// turn is erased as all before it.
/// </param>
internal sealed class SealCollector(bool forgetsAtDeletion) : ReadingRecorder
{
    private readonly Dictionary<string, List<(HistoryReading Reading, bool IsNumbered)>> _readings =
        new(StringComparer.Ordinal);

    private bool _forgetsAtDeletion = forgetsAtDeletion;

    public override void Record(string telemetry, in HistoryReading reading, bool isNumbered)
    {
        if (!_readings.TryGetValue(telemetry, out List<(HistoryReading, bool)>? readings))
        {
            _readings.Add(telemetry, readings = []);
        }

        readings.Add((reading, isNumbered));
    }

    public override void Deleted()
    {
        if (_forgetsAtDeletion)
        {
            _readings.Clear();
        }
    }

    /// <summary>A turn is over.</summary>
    public void EndTurn() => _forgetsAtDeletion = false;

    /// <summary>All that was gathered, in the order of time.</summary>
    /// <param name="keep">How long the readings of a telemetry are kept, microseconds.</param>
    /// <param name="now">Unix microseconds.</param>
    /// <param name="expired">How many were older than that already and are left out.</param>
    public List<SealedReadings> Take(Func<string, long> keep, long now, out int expired)
    {
        List<SealedReadings> all = [];
        expired = 0;
        foreach ((string telemetry, List<(HistoryReading Reading, bool IsNumbered)> readings) in _readings)
        {
            long kept = keep(telemetry);
            int fresh = readings.Count;
            readings.RemoveAll(reading => reading.Reading.Time < now - kept);
            expired += fresh - readings.Count;
            if (readings.Count > 0)
            {
                all.Add(new SealedReadings(telemetry, kept, Merged(readings)));
            }
        }

        _readings.Clear();
        return all;
    }

    // As nearly all are: each later than the one before it.
    private static bool IsOrdered(List<(HistoryReading Reading, bool IsNumbered)> readings)
    {
        for (int i = 1; i < readings.Count; i++)
        {
            if (readings[i].Reading.Time <= readings[i - 1].Reading.Time)
            {
                return false;
            }
        }

        return true;
    }

    private static List<HistoryReading> Merged(List<(HistoryReading Reading, bool IsNumbered)> readings)
    {
        if (IsOrdered(readings))
        {
            return readings.ConvertAll(static reading => reading.Reading);
        }

        List<HistoryReading> merged = new(readings.Count);
        HashSet<ReadingValue> seen = [];
        long time = UnixMicroseconds.Absent;
        foreach ((HistoryReading reading, bool isNumbered) in readings.OrderBy(reading => reading.Reading.Time))
        {
            if (reading.Time != time)
            {
                seen.Clear();
                time = reading.Time;
            }

            if (isNumbered || seen.Add(reading.Value))
            {
                merged.Add(reading);
            }
        }

        return merged;
    }
}
