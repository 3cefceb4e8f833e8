namespace TwinGrid.Twins.History;

/// <summary>
/// Thins a range out for a chart: equal spans of time, and of each the least and the greatest value, so that every peak
/// is seen; besides, the first and the last reading.
/// </summary>
/// <remarks>
/// As M4 (U. Jugel et al., PVLDB 7(10), 2014) without the first and last of every span. A span is a power of two of
/// microseconds and doubles when there are too many, so that the range need not be known before; it is cut at multiples
/// of itself, so that a chart that moves on keeps its points. Where a span has no numbers its first reading stands for
/// it. Holds at most a reading per point.
/// </remarks>
internal sealed class ThinnedReadings(int points) : SeriesSink
{
    private readonly int _mostSpans = Math.Max(1, (points - 2) / 2);
    private Dictionary<long, Span> _spans = [];
    private HistoryReading? _first;
    private HistoryReading? _last;
    private int _shift;

    public override bool Needs(SealedBlock block) =>
        block.First < From
        || block.Last >= To
        || block.First >> _shift != block.Last >> _shift
        || !_spans.TryGetValue(block.First >> _shift, out Span span)
        || !(span.Least.Value.Number <= block.Minimum && span.Greatest.Value.Number >= block.Maximum)
        || block.First < _first?.Time
        || block.Last > _last?.Time;

    public override bool IsDone(SealedBlock block) => false;

    public override IReadOnlyList<HistoryReading> Finish()
    {
        List<HistoryReading> all = [];
        foreach (Span span in _spans.Values)
        {
            all.Add(span.Least);
            if (span.Greatest != span.Least)
            {
                all.Add(span.Greatest);
            }
        }

        foreach (HistoryReading? end in new[] { _first, _last })
        {
            if (end is { } reading && !all.Contains(reading))
            {
                all.Add(reading);
            }
        }

        return [.. all.OrderBy(reading => reading.Time)];
    }

    protected override void Take(in HistoryReading reading)
    {
        _first = _first is { } first && first.Time <= reading.Time ? first : reading;
        _last = _last is { } last && last.Time >= reading.Time ? last : reading;
        Add(_spans, reading.Time >> _shift, new Span(reading, reading));
        while (_spans.Count > _mostSpans)
        {
            Double();
        }
    }

    private void Double()
    {
        _shift++;
        Dictionary<long, Span> wider = new(_spans.Count);
        foreach ((long place, Span span) in _spans.OrderBy(span => span.Key))
        {
            Add(wider, place >> 1, span);
        }

        _spans = wider;
    }

    private static void Add(Dictionary<long, Span> spans, long place, in Span span) =>
        spans[place] = spans.TryGetValue(place, out Span known)
            ? new Span(Better(known.Least, span.Least, 1), Better(known.Greatest, span.Greatest, -1))
            : span;

    // The lesser (1) or the greater (-1) of two numbers, the earlier of equals; a number before anything else.
    private static HistoryReading Better(in HistoryReading known, in HistoryReading other, int sign)
    {
        double mine = known.Value.Number * sign;
        double others = other.Value.Number * sign;
        bool isEarlier = other.Time < known.Time;
        return double.IsNaN(others) ? double.IsNaN(mine) && isEarlier ? other : known
            : double.IsNaN(mine) || others < mine || (others == mine && isEarlier) ? other
            : known;
    }

    /// <summary>The least and the greatest of a span of time.</summary>
    private readonly record struct Span(HistoryReading Least, HistoryReading Greatest);
}
