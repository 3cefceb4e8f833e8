namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// When sessions are due, for their end or their will: each session once, so that a client that comes and goes leaves
/// nothing behind. Guarded by the registry.
/// </summary>
internal sealed class SessionDeadlines
{
    private readonly SortedSet<MqttSession> _sessions = new(Comparer<MqttSession>.Create((a, b) =>
    {
        int byTime = a.DueAt!.Value.CompareTo(b.DueAt!.Value);
        return byTime != 0 ? byTime : a.Number.CompareTo(b.Number);
    }));

    /// <summary>Sets when a session is next due, in place of what was set before.</summary>
    /// <param name="session">The session.</param>
    /// <param name="dueAt">A timestamp of the clock, or null for never.</param>
    public void Set(MqttSession session, long? dueAt)
    {
        if (session.DueAt is not null)
        {
            _sessions.Remove(session);
        }

        session.DueAt = dueAt;
        if (dueAt is not null)
        {
            _sessions.Add(session);
        }
    }

    /// <summary>Takes a session that is due; null for none.</summary>
    public MqttSession? TakeDue(long now)
    {
        if (_sessions.Min is not { } first || first.DueAt > now)
        {
            return null;
        }

        Set(first, null);
        return first;
    }
}
