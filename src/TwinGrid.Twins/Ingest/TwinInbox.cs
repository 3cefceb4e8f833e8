namespace TwinGrid.Twins.Ingest;

/// <summary>
/// Where messages wait for their twin's next turn; the only part of an activation that other threads touch. A turn
/// takes all that waits, so a busy twin's readings become batches by themselves.
/// </summary>
/// <param name="turns">The turns of the activation; they run on its scheduler.</param>
internal sealed class TwinInbox(TwinTurns turns)
{
    private static readonly Action<object> s_drain = static turns => ((TwinTurns)turns).Drain();
    private static readonly Action<object> s_go = static turns => ((TwinTurns)turns).Go();
    private static readonly Action<object> s_ring = static turns => ((TwinTurns)turns).Ring();

    private readonly Lock _lock = new();
    private List<IngestMessage> _waiting = [];
    private TwinTurns? _turns = turns;
    private bool _expectsTurn;

    /// <summary>
    /// The connection that the twin's presence follows, as of about now and perhaps not committed; null when the
    /// activation is going.
    /// </summary>
    public string? PresenceSession => Volatile.Read(ref _turns)?.State.OnlineSession;

    /// <summary>Adds a message and sees to it that a turn comes; false when the activation is going.</summary>
    public bool TryPost(IngestMessage message)
    {
        lock (_lock)
        {
            if (_turns is null)
            {
                return false;
            }

            _waiting.Add(message);
            if (_expectsTurn)
            {
                return true;
            }

            _expectsTurn = true;
        }

        Schedule();
        return true;
    }

    /// <summary>Adds messages in their order; false, and none is added, when the activation is going.</summary>
    public bool TryPost(IReadOnlyList<IngestMessage> messages)
    {
        lock (_lock)
        {
            if (_turns is null)
            {
                return false;
            }

            _waiting.AddRange(messages);
            _expectsTurn = true;
        }

        Schedule();
        return true;
    }

    /// <summary>
    /// Moves all that waits behind <paramref name="messages"/>. Whoever takes some comes again after its turn, so
    /// that until then no further message schedules one; only after it took none the next message does.
    /// </summary>
    public void TakeInto(ref List<IngestMessage> messages)
    {
        lock (_lock)
        {
            _expectsTurn = _waiting.Count > 0;
            if (messages.Count == 0)
            {
                (messages, _waiting) = (_waiting, messages);
            }
            else
            {
                messages.AddRange(_waiting);
                _waiting.Clear();
            }
        }
    }

    /// <summary>Schedules a turn whether or not something waits: the last one was put off.</summary>
    public void Schedule() => Queue(s_drain);

    /// <summary>The timer wheel has come to what its twin asked for.</summary>
    public void Ring() => Queue(s_ring);

    /// <summary>The twin's place is on another silo: the activation is to go.</summary>
    public void Go() => Queue(s_go);

    /// <summary>
    /// Takes no more and moves what still waited behind <paramref name="messages"/>. Nothing of the activation is held
    /// any more: senders may remember a closed inbox for long.
    /// </summary>
    public void Close(List<IngestMessage> messages)
    {
        lock (_lock)
        {
            _turns = null;
            messages.AddRange(_waiting);
            _waiting = [];
        }
    }

    private void Queue(Action<object> action)
    {
        if (Volatile.Read(ref _turns) is { } turns)
        {
            turns.Context.Scheduler.QueueAction(action, turns);
        }
    }
}
