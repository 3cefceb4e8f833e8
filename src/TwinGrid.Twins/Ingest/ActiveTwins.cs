using System.Collections.Concurrent;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The twins that are active on this silo and ready for inputs. A hint and a shortcut: the Orleans directory stays the
/// authority, a twin that is not here is called as a grain. Thread-safe.
/// </summary>
internal sealed class ActiveTwins
{
    private readonly ConcurrentDictionary<TwinId, TwinInbox> _inboxes = new();

    /// <summary>How many.</summary>
    public int Count => _inboxes.Count;

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => _inboxes.IsEmpty;

    /// <summary>All of them with their inboxes, as of about now.</summary>
    public IEnumerable<KeyValuePair<TwinId, TwinInbox>> All => _inboxes;

    /// <summary>Shows how many as a metric; once in a silo, for a meter keeps its instruments for good.</summary>
    public void Observe() => TwinGridDiagnostics.Meter.CreateObservableGauge(
        "twingrid.twins.active", () => _inboxes.Count, "{twin}", "Twins that are active on this silo.");

    public void Add(TwinId twin, TwinInbox inbox) => _inboxes[twin] = inbox;

    /// <summary>Removes this inbox; a newer activation's stays.</summary>
    public void Remove(TwinId twin, TwinInbox inbox) => _inboxes.TryRemove(KeyValuePair.Create(twin, inbox));

    public TwinInbox? Find(TwinId twin) => _inboxes.GetValueOrDefault(twin);
}
