using Microsoft.Extensions.Options;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Who listens to which topics of the grid, and what a new listener is owed: its waiting commands and the alarms
/// that stand. Thread-safe.
/// </summary>
internal sealed class Subscriptions(CatchUp catchUp, IOptions<MqttOptions> options)
{
    private readonly TopicTree<MqttSession> _tree = new();
    private readonly string _root = options.Value.TopicRoot;

    /// <summary>True when a subscriber's filter matches the topic, given in its levels.</summary>
    public bool IsHeard(ReadOnlySpan<string> topic) => _tree.Matches(topic);

    /// <summary>Adds a filter that was granted, and asks for what its subscriber is owed.</summary>
    public void Add(MqttSession session, TopicFilter filter)
    {
        _tree.Add(filter, session);
        if (filter.Twin is { } twin)
        {
            if (filter.Covers(_root, TopicNames.Commands))
            {
                catchUp.Commands(twin);
            }

            if (filter.Covers(_root, TopicNames.Alarms))
            {
                catchUp.Alarms(twin);
            }
        }
        else if (filter.Covers(_root, TopicNames.Alarms))
        {
            catchUp.AllAlarms();
        }
    }

    /// <summary>Takes a filter away; a filter that the session does not have is no error.</summary>
    public void Remove(MqttSession session, string filter)
    {
        if (session.RemoveFilter(filter) is { } removed)
        {
            _tree.Remove(removed, session);
        }
    }

    /// <summary>Forgets a session that has ended; the session itself still knows its filters.</summary>
    public void RemoveAll(MqttSession session)
    {
        foreach (TopicFilter filter in session.Filters())
        {
            _tree.Remove(filter, session);
        }
    }
}
