namespace TwinGrid.Twins.Ingest;

/// <summary>
/// Where inputs wait for their twin's next turn; the only part of an activation that other threads touch. A turn
/// takes all that waits, so a busy twin's readings become batches by themselves.
/// </summary>
/// <param name="context">The activation.</param>
/// <param name="drain">The turn; runs on the activation's scheduler.</param>
internal sealed class TwinInbox(IGrainContext context, Action<object> drain)
{
    private readonly Lock _lock = new();
    private List<IngestItem> _waiting = [];
    private bool _scheduled;
    private bool _closed;

    /// <summary>Adds inputs and sees to it that a turn comes; false when the activation is going.</summary>
    public bool TryPost(IngestItem item)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _waiting.Add(item);
            if (_scheduled)
            {
                return true;
            }

            _scheduled = true;
        }

        Schedule();
        return true;
    }

    /// <summary>Takes all that waits; what comes after it schedules a turn of its own.</summary>
    public List<IngestItem> TakeAll()
    {
        lock (_lock)
        {
            List<IngestItem> taken = _waiting;
            _waiting = [];
            _scheduled = false;
            return taken;
        }
    }

    /// <summary>Schedules a turn whether or not something waits: the last one was put off.</summary>
    public void Schedule() => context.Scheduler.QueueAction(drain, context);

    /// <summary>Takes no more; gives what still waited.</summary>
    public List<IngestItem> Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        return TakeAll();
    }
}
