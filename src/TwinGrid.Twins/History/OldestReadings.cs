namespace TwinGrid.Twins.History;

/// <summary>The oldest readings of a range, at most so many.</summary>
internal sealed class OldestReadings(int limit) : SeriesSink
{
    private List<HistoryReading> _readings = [];
    private long _newest = UnixMicroseconds.Absent;
    private bool _isCut;

    public override bool Needs(SealedBlock block) => !IsDone(block);

    public override bool IsDone(SealedBlock block) => _isCut && block.First > _newest;

    public override IReadOnlyList<HistoryReading> Finish()
    {
        Cut();
        return _readings;
    }

    public override HistoryPosition? End
    {
        get
        {
            Cut();
            return _isCut
                ? new HistoryPosition(
                    _newest,
                    _readings.Count(reading => reading.Time == _newest) + (_newest == From ? Given : 0))
                : null;
        }
    }

    protected override void Take(in HistoryReading reading)
    {
        if (_isCut && reading.Time > _newest)
        {
            return;
        }

        _readings.Add(reading);
        if (_readings.Count >= 2 * (long)limit + 1)
        {
            Cut();
        }
    }

    // The sort is stable: equal times stay in the order in which they came.
    private void Cut()
    {
        bool isCut = _readings.Count > limit;
        _readings = [.. _readings.OrderBy(reading => reading.Time).Take(limit)];
        if (isCut)
        {
            _isCut = true;
            _newest = _readings[^1].Time;
        }
    }
}
