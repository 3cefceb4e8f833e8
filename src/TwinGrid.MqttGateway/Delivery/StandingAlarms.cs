using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Which twins have alarms to tell a new subscriber of, and by which names: an index, learnt from their effects. The
/// alarms themselves are read from the twins. Bounded: a full index begins anew. Thread-safe.
/// </summary>
internal sealed class StandingAlarms
{
    /// <summary>The most twins that are known.</summary>
    public const int MaxTwins = 1_000_000;

    private readonly ConcurrentDictionary<TwinId, ImmutableHashSet<string>> _names = new();

    /// <summary>The twins that have alarms.</summary>
    public IEnumerable<TwinId> Twins => _names.Keys;

    /// <summary>Remembers that a twin has alarms, or one of that name.</summary>
    public void Note(TwinId twin, string? name = null)
    {
        if (_names.Count >= MaxTwins && !_names.ContainsKey(twin))
        {
            _names.Clear();
        }

        ImmutableHashSet<string> added = name is null ? [] : [name];
        _names.AddOrUpdate(twin, added, (_, known) => known.Union(added));
    }

    /// <summary>Forgets a twin that was deleted.</summary>
    /// <returns>The names of its alarms.</returns>
    public IReadOnlyCollection<string> Forget(TwinId twin) =>
        _names.TryRemove(twin, out ImmutableHashSet<string>? names) ? names : [];
}
