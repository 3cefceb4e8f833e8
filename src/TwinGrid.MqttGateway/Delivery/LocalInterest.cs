using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// What this gateway's sessions subscribe, as the other silos are told of it: in versions, so that each is sent what it
/// lacks, and the whole where that is too much. Thread-safe.
/// </summary>
internal sealed class LocalInterest(IOptions<MqttOptions> options)
{
    /// <summary>The version of a silo that knows nothing yet.</summary>
    public const long Unknown = -1;

    /// <summary>The most changes that are remembered; a silo that lacks more is sent the whole.</summary>
    public const int MaxChanges = 65_536;

    /// <summary>The most twins of one call.</summary>
    public const int MaxTwinsAtOnce = 65_536;

    private readonly string _root = options.Value.TopicRoot;
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Counts> _twins = [];
    private readonly Dictionary<string, int> _filters = new(StringComparer.Ordinal);

    // A ring: what made version v into the next one is at v modulo its size.
    private readonly List<Change> _changes = [];
    private readonly bool _bridges = options.Value.Bridge.IsOn;
    private bool _listens = options.Value.IsGateway;
    private long _version;

    /// <summary>Something changed; called without a lock.</summary>
    public event Action? Changed;

    /// <summary>Counts the changes.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>A session subscribed.</summary>
    public void Add(TopicFilter filter) => Count(filter, 1);

    /// <summary>A session subscribes no more; once for each <see cref="Add"/>.</summary>
    public void Remove(TopicFilter filter) => Count(filter, -1);

    /// <summary>The gateway stops: nobody need send it anything any more, or ask it for a session.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _listens = false;
            _changes.Clear();
            _twins.Clear();
            _filters.Clear();
            _version++;
        }

        Changed?.Invoke();
    }

    /// <summary>What a silo lacks that knows a version: one call or, for the whole, several, in their order.</summary>
    public IReadOnlyList<InterestUpdate> Since(long known)
    {
        lock (_lock)
        {
            return known != Unknown && known >= _version - _changes.Count ? [Delta(known)] : Whole();
        }
    }

    private void Count(TopicFilter filter, int by)
    {
        HeardKinds kinds = Hearing.Of(filter, _root);
        if (kinds == HeardKinds.None)
        {
            return;
        }

        bool isChanged;
        lock (_lock)
        {
            isChanged = _listens
                && (filter.Twin is { } twin ? Count(Hearing.Hash(twin), kinds, by) : Count(filter.Text, by));
        }

        if (isChanged)
        {
            Changed?.Invoke();
        }
    }

    private bool Count(ulong twin, HeardKinds kinds, int by)
    {
        Counts counts = _twins.GetValueOrDefault(twin);
        HeardKinds before = counts.Heard;
        counts.Add(kinds, by);
        if (counts.Heard == HeardKinds.None)
        {
            _twins.Remove(twin);
        }
        else
        {
            _twins[twin] = counts;
        }

        return counts.Heard != before && Note(new Change(twin, counts.Heard, null));
    }

    private bool Count(string filter, int by)
    {
        int before = _filters.GetValueOrDefault(filter);
        int count = before + by;
        if (count <= 0)
        {
            _filters.Remove(filter);
        }
        else
        {
            _filters[filter] = count;
        }

        return count > 0 != before > 0
            && Note(new Change(0, count > 0 ? HeardKinds.State : HeardKinds.None, filter));
    }

    private bool Note(Change change)
    {
        int at = (int)(_version % MaxChanges);
        if (at == _changes.Count)
        {
            _changes.Add(change);
        }
        else
        {
            _changes[at] = change;
        }

        _version++;
        return true;
    }

    private InterestUpdate Delta(long known)
    {
        Change[] changes = new Change[_version - known];
        for (int i = 0; i < changes.Length; i++)
        {
            changes[i] = _changes[(int)((known + i) % MaxChanges)];
        }

        Change[] twins = [.. changes.Where(change => change.Filter is null)];

        // Of a filter that went and came back only the last counts; twins are taken in their order.
        Change[] filters =
        [
            .. changes.Where(change => change.Filter is not null)
                .GroupBy(change => change.Filter, StringComparer.Ordinal).Select(group => group.Last()),
        ];
        return new InterestUpdate
        {
            From = known,
            To = _version,
            Listens = _listens,
            Bridges = _listens && _bridges,
            Twins = Array.ConvertAll(twins, change => change.Twin),
            Kinds = Array.ConvertAll(twins, change => (byte)change.Kinds),
            Filters = [.. filters.Where(change => change.Kinds != 0).Select(change => change.Filter!)],
            Gone = [.. filters.Where(change => change.Kinds == 0).Select(change => change.Filter!)],
        };
    }

    private List<InterestUpdate> Whole()
    {
        List<InterestUpdate> parts = [];
        foreach (KeyValuePair<ulong, Counts>[] twins in _twins.Chunk(MaxTwinsAtOnce).DefaultIfEmpty([]))
        {
            parts.Add(new InterestUpdate
            {
                From = Unknown,
                To = _version,
                Listens = _listens,
                Bridges = _listens && _bridges,
                Part = parts.Count,
                Parts = Math.Max(1, (_twins.Count + MaxTwinsAtOnce - 1) / MaxTwinsAtOnce),
                Twins = Array.ConvertAll(twins, twin => twin.Key),
                Kinds = Array.ConvertAll(twins, twin => (byte)twin.Value.Heard),
                Filters = parts.Count == 0 ? [.. _filters.Keys] : [],
                Gone = [],
            });
        }

        return parts;
    }

    // For a filter any kind stands for "is there".
    private readonly record struct Change(ulong Twin, HeardKinds Kinds, string? Filter);

    /// <summary>How many filters hear each kind of a twin's effects.</summary>
    [InlineArray(Hearing.Kinds)]
    private struct Counts
    {
        private int _first;

        public readonly HeardKinds Heard
        {
            get
            {
                HeardKinds heard = HeardKinds.None;
                for (int i = 0; i < Hearing.Kinds; i++)
                {
                    heard |= this[i] > 0 ? (HeardKinds)(1 << i) : HeardKinds.None;
                }

                return heard;
            }
        }

        public void Add(HeardKinds kinds, int by)
        {
            for (int i = 0; i < Hearing.Kinds; i++)
            {
                this[i] += ((int)kinds >> i & 1) * by;
            }
        }
    }
}
