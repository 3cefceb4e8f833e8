namespace TwinGrid.Storage.History;

/// <summary>The rows of a sealed part, each with the span of time that it lies in.</summary>
internal static class PartRows
{
    /// <summary>Packs a part: its turns first, then the readings of each telemetry by their times.</summary>
    /// <param name="part">The part.</param>
    /// <param name="before">The state before its first turn.</param>
    /// <param name="keep">How long turns are kept, microseconds.</param>
    /// <param name="now">Unix microseconds: what comes from later belongs to now, so that it ends as all else.</param>
    public static List<(HistorySpan Span, HistoryRow Row)> Of(
        SealedTurns part, StoredSnapshot? before, long keep, long now)
    {
        HistoryRow turns = HistoryRow.OfTurns(part, before);
        List<(HistorySpan, HistoryRow)> rows = [(HistorySpan.For(keep, Math.Min(turns.LastTime, now)), turns)];
        foreach (SealedReadings readings in part.Readings)
        {
            AddRows(part, readings, now, rows);
        }

        return rows;
    }

    /// <summary>How many bytes of turns, and how many of readings.</summary>
    public static (long Turns, long Readings) Bytes(List<(HistorySpan Span, HistoryRow Row)> rows)
    {
        HistoryRow turns = rows[0].Row;
        return (
            turns.Packed.Length + (turns.State?.Length ?? 0),
            rows.Skip(1).Sum(static row => (long)row.Row.Packed.Length));
    }

    private static void AddRows(
        SealedTurns part, SealedReadings readings, long now, List<(HistorySpan, HistoryRow)> rows)
    {
        IReadOnlyList<HistoryReading> all = readings.Readings;
        int from = 0;
        HistorySpan span = Span(all[0]);
        for (int i = 1; i <= all.Count; i++)
        {
            if (i == all.Count || i - from == ReadingBlock.MostReadings || Math.Min(all[i].Time, now) >= span.Ends)
            {
                IReadOnlyList<HistoryReading> own = i - from == all.Count ? all : [.. all.Skip(from).Take(i - from)];
                rows.Add((span, HistoryRow.OfReadings(part, readings.Telemetry, own)));
                from = i;
                span = i < all.Count ? Span(all[i]) : span;
            }
        }

        HistorySpan Span(in HistoryReading reading) => HistorySpan.For(readings.Keep, Math.Min(reading.Time, now));
    }
}
