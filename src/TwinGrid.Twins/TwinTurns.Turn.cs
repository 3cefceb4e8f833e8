using TwinGrid.Twins.Committing;
using TwinGrid.Twins.History;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <content>One turn, from the inbox to the answers.</content>
internal sealed partial class TwinTurns
{
    /// <summary>After so many turns a snapshot is written with the next one, which bounds recovery.</summary>
    private const int SnapshotEvery = 256;

    /// <summary>How long what is due is put off while messages wait at the door, microseconds.</summary>
    private const long Breath = UnixMicroseconds.PerSecond / 10;

    /// <summary>
    /// One turn, unless the last one's commit is still under way: its end drains again. The inbox counts on that:
    /// whoever takes messages from it comes again after them.
    /// </summary>
    internal void Drain()
    {
        if (_isCommitting || _isAdmitting || _isClosed)
        {
            return;
        }

        _queue.TakeFrom(_inbox);
        if (!_queue.IsEmpty && !State.Exists && !_admitted && !TryAdmit())
        {
            return;
        }

        long now = _runtime.Now;
        _due = MustObey() ? now : _due;
        if (_due <= now && _runtime.Road.HasWaiting(State.Twin))
        {
            // Time must not overtake what came before it: an answer that waits at the door while the first call after
            // a restart is being committed would find its command expired.
            _due = now + Breath;
        }

        _publisher.PublishOwed(State, now);
        _publisher.TellAgain(State, now);
        if (!_queue.IsEmpty || _due <= now)
        {
            Turn(now);
        }
        else if (_due is { } due)
        {
            _wake.Ask(due);
        }
    }

    /// <summary>The timer wheel has come to what the twin asked for.</summary>
    internal void Ring()
    {
        _wake.Rang();
        Drain();
    }

    private void Turn(long now)
    {
        long start = _runtime.Clock.GetTimestamp();
        if (!TryFold(now, out PendingTurn pending))
        {
            return;
        }

        TurnMetrics.Took(_runtime.Clock.GetElapsedTime(start));
        if (pending.Turn is not null)
        {
            Commit(pending);
            return;
        }

        FinishUnchanged();
    }

    private void Commit(in PendingTurn pending)
    {
        _isCommitting = true;
        _revision = State.Revision;
        _tail = pending.Snapshot is null ? _tail + 1 : 0;
        if (_runtime.AcknowledgesApplied)
        {
            _queue.FinishMessages(_revision);
        }

        _runtime.Committer.Enqueue(pending);
    }

    /// <summary>
    /// Folds the turn and makes it ready for the store; false when that failed, which only code of a user's own or a
    /// fault of ours can make. The state is then half changed: the activation goes, the message that did it is
    /// refused, the others are sent again.
    /// </summary>
    private bool TryFold(long now, out PendingTurn pending)
    {
        int at = 0;
        bool existed = State.Exists;
        try
        {
            byte[] inputs = Fold(now, ref at);
            ScheduleDue(now);
            pending = _effects.Changed ? Pending(inputs, now, existed) : default;
            _hasFolded = true;
            return true;
        }
#pragma warning disable CA1031 // Whatever failed, the senders must hear of it and the twin must be read again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _runtime.LogFoldFailed(e, State.Twin);
            pending = default;
            if (at < _queue.InTurn)
            {
                _queue.Refuse(at, IngestStatus.Failed, _revision);
            }
            else if (_hasFolded)
            {
                _queue.Undo();
            }
            else
            {
                // No message did it, and it was so from the first turn on: sent again they would come back for ever.
                _queue.Finish(IngestStatus.Failed, _revision);
            }

            Lose();
            return false;
        }
    }

    private PendingTurn Pending(byte[] inputs, long now, bool existed)
    {
        State.Revision = _revision + 1;
        State.IsAhead = false;
        TwinTurn turn = new()
        {
            Twin = State.Twin,
            Revision = State.Revision,
            Time = now,
            FoldVersion = TwinFold.Version,
            Inputs = inputs,
            Exists = State.Exists == existed ? null : State.Exists,
        };
        return new PendingTurn(turn, _tail + 1 >= SnapshotEvery ? Snapshot() : null, _onFate);
    }

    private byte[] Fold(long now, ref int at)
    {
        // Only messages in the first turn of an activation: time that cannot be folded must not keep them out for good.
        int bytes = _queue.Begin();
        bool ticks = _due <= now && (_hasFolded || _queue.InTurn == 0);
        byte[] tick = ticks ? PackedInputs.Pack(InputKind.Tick, now) : [];
        byte[] inputs = GC.AllocateUninitializedArray<byte>(TurnHeader.Size + bytes + tick.Length);
        TurnHeader header = _runtime.Header(State.Kind);
        header.Write(inputs);
        _effects.Clear();
        Span<byte> rest = inputs.AsSpan(TurnHeader.Size);
        TurnTally tally = default;
        for (; at < _queue.InTurn; at++)
        {
            IngestMessage message = _queue.Messages[at];
            ReadOnlySpan<byte> own = message.Inputs.Span;
            own.CopyTo(rest);
            InputAnswer answer = TwinFold.Apply(State, header, rest[..own.Length], _effects);
            _queue.Answered(at, answer);
            tally.Add(message, answer);
            rest = rest[own.Length..];
        }

        if (ticks)
        {
            tick.CopyTo(rest);
            TwinFold.Apply(State, header, tick, _effects);
        }

        TurnMetrics.Count(tally);
        return inputs;
    }

    private void OnFate(TurnFate fate)
    {
        _fate = fate;
        Context.Scheduler.QueueAction(static turns => ((TwinTurns)turns).AfterCommit(), this);
    }

    private void AfterCommit()
    {
        _isCommitting = false;
        _readers?.Answer(_fate == TurnFate.Committed);
        if (_fate == TurnFate.Committed)
        {
            _queue.Finish(IngestStatus.Accepted, _revision);
            AfterSuccess();
        }
        else
        {
            LoseTurn();
        }

        _commitEnd?.SetResult();
    }

    private void LoseTurn()
    {
        if (_fate != TurnFate.Fenced)
        {
            // No other activation looks at what was due.
            _wake.Ask(_runtime.Now + UnixMicroseconds.PerSecond);
        }

        if (_fate == TurnFate.Unknown)
        {
            // Some of what waits here came behind these: it must not be applied before they come again.
            _queue.Finish(IngestStatus.Unavailable, _revision);
            Lose(refuses: true);
            return;
        }

        // Nothing of it was kept: it goes on to the next activation, or the one that has the twin now, in its place.
        _queue.Undo();
        Lose();
    }

    private void AfterSuccess()
    {
        _admitted &= !_effects.Deleted;
        long now = _runtime.Now;
        _publisher.Committed(State, _effects, now);
        _watch?.Committed();
        if (_effects.Asked != 0)
        {
            _runtime.Batches.Ask(State, _effects);
        }

        if (_effects.CommandsChanged)
        {
            CommandsChanged();
        }

        if (_tail == 0 && _revision / HistorySealer.ManyTurns != (_revision - SnapshotEvery) / HistorySealer.ManyTurns)
        {
            _runtime.Sealer.Note(State.Twin, HistorySealer.ManyTurns);
        }

        _keeper.Turned(now);
        Drain();
    }
}
