using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Which twins have something retained to tell a new subscriber of, alarms or desired properties, and on which topics:
/// an index, learnt from their effects. The values themselves are read from the twins. Bounded: a full index begins
/// anew. Thread-safe.
/// </summary>
internal sealed class RetainedTopics
{
    /// <summary>The most twins that are known.</summary>
    public const int MaxTwins = 1_000_000;

    private readonly ConcurrentDictionary<TwinId, ImmutableHashSet<string>> _topics = new();

    /// <summary>The twins that have something retained.</summary>
    public IEnumerable<TwinId> Twins => _topics.Keys;

    /// <summary>Remembers that a twin has something retained, or on that topic.</summary>
    public void Note(TwinId twin, string? topic = null)
    {
        if (_topics.Count >= MaxTwins && !_topics.ContainsKey(twin))
        {
            _topics.Clear();
        }

        ImmutableHashSet<string> added = topic is null ? [] : [topic];
        _topics.AddOrUpdate(twin, added, (_, known) => known.Union(added));
    }

    /// <summary>Forgets a twin that was deleted.</summary>
    /// <returns>The topics on which it had something retained.</returns>
    public IReadOnlyCollection<string> Forget(TwinId twin) =>
        _topics.TryRemove(twin, out ImmutableHashSet<string>? topics) ? topics : [];
}
