using System.Collections.Immutable;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Who subscribed to what, as a tree of topic levels: a look-up costs the depth of the topic and its matches, whatever
/// the number of subscribers. Reading takes no lock: every write makes a new root and shares what did not change.
/// Thread-safe.
/// </summary>
/// <typeparam name="T">What stands for a subscriber; the same one adds to a filter once.</typeparam>
internal sealed class TopicTree<T>
    where T : notnull
{
    private readonly Lock _writing = new();
    private volatile Node _root = Node.Empty;

    /// <summary>True while nobody subscribes to anything.</summary>
    public bool IsEmpty => _root.IsEmpty;

    /// <summary>Adds a subscriber to a filter; false, and nothing changes, where it is there already.</summary>
    public bool Add(TopicFilter filter, T subscriber) => Write(filter, subscriber, add: true);

    /// <summary>Takes a subscriber from a filter; false, and nothing changes, where it is not there.</summary>
    public bool Remove(TopicFilter filter, T subscriber) => Write(filter, subscriber, add: false);

    private bool Write(TopicFilter filter, T subscriber, bool add)
    {
        lock (_writing)
        {
            Node changed = Change(_root, filter.Levels, subscriber, add);
            bool isChanged = !ReferenceEquals(changed, _root);
            _root = changed;
            return isChanged;
        }
    }

    /// <summary>True when somebody's filter matches the topic, given in its levels.</summary>
    public bool Matches(ReadOnlySpan<string> topic) => Visit(_root, topic, isFirst: true, null);

    /// <summary>Adds every subscriber whose filter matches the topic, once for each such filter.</summary>
    public void Collect(ReadOnlySpan<string> topic, List<T> matches) => Visit(_root, topic, isFirst: true, matches);

    /// <summary>True when something matches; without a list to fill, the first match ends the search.</summary>
    private static bool Visit(Node node, ReadOnlySpan<string> topic, bool isFirst, List<T>? matches)
    {
        // Section 4.7.2: a wildcard in the first level does not match topics that begin with $.
        bool wild = !isFirst || topic is not [['$', ..], ..];

        // A filter a/# matches a itself too (section 4.7.1.2), so '#' counts before the end of the topic does.
        bool found = wild && Take(node.Rest?.Here, matches);
        if (topic.IsEmpty)
        {
            return Take(node.Here, matches) || found;
        }

        if (wild && (!found || matches is not null) && node.Any is { } any)
        {
            found |= Visit(any, topic[1..], isFirst: false, matches);
        }

        if ((!found || matches is not null) && node.Children.TryGetValue(topic[0], out Node? child))
        {
            found |= Visit(child, topic[1..], isFirst: false, matches);
        }

        return found;
    }

    private static bool Take(ImmutableHashSet<T>? here, List<T>? matches)
    {
        if (here is null || here.IsEmpty)
        {
            return false;
        }

        matches?.AddRange(here);
        return true;
    }

    private static Node Change(Node node, ReadOnlySpan<string> filter, T subscriber, bool add)
    {
        if (filter.IsEmpty)
        {
            ImmutableHashSet<T> here = add ? node.Here.Add(subscriber) : node.Here.Remove(subscriber);
            return ReferenceEquals(here, node.Here) ? node : node with { Here = here };
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
        if (ReferenceEquals(changed, below))
        {
            return node;
        }

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
        private static readonly ImmutableDictionary<string, Node> NoChildren =
            ImmutableDictionary<string, Node>.Empty.WithComparers(StringComparer.Ordinal);

        public static readonly Node Empty = new();

        public ImmutableDictionary<string, Node> Children { get; init; } = NoChildren;

        public Node? Any { get; init; }

        public Node? Rest { get; init; }

        public ImmutableHashSet<T> Here { get; init; } = [];

        public bool IsEmpty => Children.IsEmpty && Any is null && Rest is null && Here.IsEmpty;
    }
}
