namespace TwinGrid.FaultTests.Checking;

/// <summary>C1 to C6 for one twin: its log against what its device did, what readers saw and how it stands.</summary>
internal sealed class TwinChecker(TwinHistory history, Verdict verdict)
{
    private readonly ReferenceTwin _reference = new();
    private readonly Dictionary<long, long> _measuredAt = Measured(history);
    private long _newest;
    private long _revision;

    /// <summary>Judges it.</summary>
    /// <param name="log">The rows of its log, in order.</param>
    /// <param name="final">How it stands; null where the grid does not know it.</param>
    public void Judge(IEnumerable<LoggedTurn> log, FinalTwin? final)
    {
        ILookup<long, SeenRead> reads = history.Reads.Where(static read => read.Durable)
            .ToLookup(static read => read.Revision);
        foreach (LoggedTurn turn in log)
        {
            if (turn.Revision != _revision + 1)
            {
                verdict.Disorder($"{history.Twin}: revision {turn.Revision} stands after {_revision}");
            }

            _revision = turn.Revision;
            _reference.Take(turn.Inputs.Span, Note);
            JudgeReads(reads[turn.Revision]);
        }

        JudgeAcknowledged();
        verdict.Double(
            _reference.Twice, $"{history.Twin}: {_reference.Twice} readings were taken under another number again");
        foreach (SeenRead read in history.Reads.Where(read => read.Durable && read.Revision > _revision))
        {
            verdict.Stale($"{history.Twin}: a read showed revision {read.Revision}, the log ends at {_revision}");
        }

        ReadOrder.Judge(history, verdict);
        JudgeFinal(final);
    }

    private void Note(Publisher publisher, long value, long time)
    {
        if (!_measuredAt.TryGetValue(value, out long measured) || measured != time)
        {
            verdict.Invent(
                $"{history.Twin} at {_revision}: {value} at {time}, which its device did not measure so");
            return;
        }

        if (publisher == Publisher.Live)
        {
            if (value < _newest)
            {
                verdict.Disorder($"{history.Twin} at {_revision}: {value} was applied after {_newest}");
            }

            _newest = Math.Max(_newest, value);
        }
    }

    private void JudgeReads(IEnumerable<SeenRead> reads)
    {
        foreach (SeenRead read in reads)
        {
            if ((read.Number, read.Count) != (_reference.Number, _reference.Count))
            {
                verdict.Stale(
                    $"{history.Twin} at {_revision}: silo {read.From} showed {read.Number} of {read.Count}, committed "
                    + $"was {_reference.Number} of {_reference.Count}");
            }
        }
    }

    private void JudgeAcknowledged()
    {
        foreach (Measurement message in history.Acknowledged)
        {
            long missing = 0;
            for (int i = 0; i < message.Count; i++)
            {
                missing += _reference.Values.Contains(message.Value(i)) ? 0 : 1;
            }

            verdict.Lose(
                missing, $"{history.Twin}: {missing} of {message.Value(0)} to {message.Value(message.Count - 1)}");
        }
    }

    private void JudgeFinal(FinalTwin? final)
    {
        if (final is null)
        {
            if (_revision > 0)
            {
                verdict.Diverge($"{history.Twin} has {_revision} revisions and the grid does not know it");
            }

            return;
        }

        if (final.Count > _reference.Count)
        {
            verdict.Double(
                final.Count - _reference.Count,
                $"{history.Twin}: {final.Count} were applied, the log has {_reference.Count}");
        }

        var seen = (final.Number, final.Count, final.Readings, final.Duplicates);
        var expected = (_reference.Number, _reference.Count, _reference.Readings, _reference.Duplicates);
        if (seen != expected)
        {
            verdict.Diverge($"{history.Twin}: (number, count, readings, duplicates) {seen}, by its log {expected}");
        }

        // Counted, not only added up: two wrongs of opposite sign must not make a right.
        if (final.HistoryCount is { } count
            && (count, final.HistorySum) != (_reference.Values.Count, _reference.Sum))
        {
            verdict.Diverge(
                $"{history.Twin}: its history has {count} readings that add up to {final.HistorySum}, its log "
                + $"{_reference.Values.Count} and {_reference.Sum}");
        }
    }

    private static Dictionary<long, long> Measured(TwinHistory history)
    {
        Dictionary<long, long> measured = [];
        foreach (Measurement message in history.Attempted)
        {
            for (int i = 0; i < message.Count; i++)
            {
                measured[message.Value(i)] = message.Time(i);
            }
        }

        return measured;
    }
}
