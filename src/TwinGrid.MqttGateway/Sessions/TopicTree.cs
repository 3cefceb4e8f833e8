using System.Collections.Immutable;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Who subscribed to what, as a tree of topic levels: a look-up costs the depth of the topic, whatever the number of
/// subscribers. Reading takes no lock: every write makes a new root and shares what did not change. Thread-safe.
/// </summary>
/// <typeparam name="T">What stands for a subscriber; the same one adds to a filter once.</typeparam>
internal sealed class TopicTree<T>
    where T : notnull
{
    private readonly Lock _writing = new();
    private volatile Node _root = Node.Empty;

    /// <summary>Adds a subscriber to a filter; nothing changes where it is there already.</summary>
    public void Add(TopicFilter filter, T subscriber)
    {
        lock (_writing)
        {
            _root = Change(_root, filter.Levels, subscriber, add: true);
        }
    }

    /// <summary>Takes a subscriber from a filter; nothing changes where it is not there.</summary>
    public void Remove(TopicFilter filter, T subscriber)
    {
        lock (_writing)
        {
            _root = Change(_root, filter.Levels, subscriber, add: false);
        }
    }

    /// <summary>True when somebody's filter matches the topic, given in its levels.</summary>
    public bool Matches(ReadOnlySpan<string> topic) => Matches(_root, topic);

    private static bool Matches(Node node, ReadOnlySpan<string> topic)
    {
        // A filter a/# matches a itself too (MQTT-4.7.1-2), so '#' counts before the end of the topic does.
        if (node.Rest is not null)
        {
            return true;
        }

        if (topic.IsEmpty)
        {
            return !node.Here.IsEmpty;
        }

        return (node.Any is { } any && Matches(any, topic[1..]))
            || (node.Children.TryGetValue(topic[0], out Node? child) && Matches(child, topic[1..]));
    }

    private static Node Change(Node node, ReadOnlySpan<string> filter, T subscriber, bool add)
    {
        if (filter.IsEmpty)
        {
            return node with { Here = add ? node.Here.Add(subscriber) : node.Here.Remove(subscriber) };
        }

        string level = filter[0];
        Node? below = level switch
        {
            "+" => node.Any,
            "#" => node.Rest,
            _ => node.Children.GetValueOrDefault(level),
        };
        if (below is null && !add)
        {
            return node;
        }

        Node changed = Change(below ?? Node.Empty, filter[1..], subscriber, add);
        Node? kept = changed.IsEmpty ? null : changed;
        return level switch
        {
            "+" => node with { Any = kept },
            "#" => node with { Rest = kept },
            _ => node with
            {
                Children = kept is null ? node.Children.Remove(level) : node.Children.SetItem(level, kept),
            },
        };
    }

    private sealed record Node
    {
        public static readonly Node Empty = new();

        public ImmutableDictionary<string, Node> Children { get; init; } =
            ImmutableDictionary<string, Node>.Empty.WithComparers(StringComparer.Ordinal);

        public Node? Any { get; init; }

        public Node? Rest { get; init; }

        public ImmutableHashSet<T> Here { get; init; } = [];

        public bool IsEmpty => Children.IsEmpty && Any is null && Rest is null && Here.IsEmpty;
    }
}
