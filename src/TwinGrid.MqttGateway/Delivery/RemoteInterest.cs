using System.Collections.Concurrent;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// What another gateway subscribes, as far as it is known here. While nothing is known it counts as wanting all that
/// lasts, alarms, commands and desired properties, and nothing that comes again by itself. Asking takes no lock and
/// allocates nothing. Thread-safe.
/// </summary>
/// <param name="root">The topic root.</param>
internal sealed class RemoteInterest(string root)
{
    private readonly Lock _lock = new();
    private Known _known = Known.Nothing;
    private Known? _last;
    private Known? _coming;
    private int _part;

    /// <summary>True once the gateway has told all that it subscribes.</summary>
    public bool IsKnown => Volatile.Read(ref _known).Version != LocalInterest.Unknown;

    /// <summary>False for a process without a listener or bridge, or one that stops.</summary>
    public bool Listens => Volatile.Read(ref _known) is { Version: LocalInterest.Unknown } or { Listens: true };

    /// <summary>True for a gateway that can bridge to an outside broker, behind which any device may be.</summary>
    public bool Bridges => Volatile.Read(ref _known).Bridges;

    /// <summary>Takes what the gateway tells.</summary>
    /// <returns>False when something before it is missing: the whole is needed.</returns>
    public bool Apply(InterestUpdate update)
    {
        lock (_lock)
        {
            return update.From == LocalInterest.Unknown ? ApplyPart(update) : ApplyChange(update);
        }
    }

    /// <summary>True when the gateway's filters may match such an effect, as far as they are known.</summary>
    /// <param name="twin">Whose.</param>
    /// <param name="hash">Its hash; 0 where it was not needed yet, and set once it is.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="name">Its name.</param>
    public bool Hears(TwinId twin, ref ulong hash, EffectKind kind, string name)
    {
        Known known = Volatile.Read(ref _known);
        return HearsLiterally(known, twin, ref hash, kind)
            || (known.HasFilters && Hearing.Matches(known.Filters, root, twin, kind, name));
    }

    /// <summary>
    /// True when the twin's device may get a command there: by a filter that names the twin literally, or behind a
    /// bridge.
    /// </summary>
    public bool MayReachDevice(TwinEffect command, ref ulong hash) =>
        MayReachDevice(Volatile.Read(ref _known), command, ref hash);

    /// <summary>
    /// As <see cref="MayReachDevice(TwinEffect, ref ulong)"/>, while it still listened; one that never said what it
    /// subscribes was sent every command.
    /// </summary>
    public bool MayHaveReachedDevice(TwinEffect command, ref ulong hash) =>
        !IsKnown || MayReachDevice(Volatile.Read(ref _last) ?? Volatile.Read(ref _known), command, ref hash);

    private bool MayReachDevice(Known known, TwinEffect command, ref ulong hash) =>
        HearsLiterally(known, command.Twin, ref hash, EffectKind.Command)
        || (known is { Bridges: true, HasFilters: true }
            && Hearing.Matches(known.Filters, root, command.Twin, EffectKind.Command, command.Name));

    private static bool HearsLiterally(Known known, TwinId twin, ref ulong hash, EffectKind kind)
    {
        if (!known.HasTwins)
        {
            return false;
        }

        hash = hash == 0 ? Hearing.Hash(twin) : hash;
        return known.Twins.TryGetValue(hash, out HeardKinds kinds) && (kinds & Hearing.Of(kind)) != 0;
    }

    private bool ApplyPart(InterestUpdate update)
    {
        if (update.Part == 0)
        {
            (_coming, _part) = (
                new Known { Version = update.To, Listens = update.Listens, Bridges = update.Bridges }, 0);
        }

        if (_coming is null || _coming.Version != update.To || _part != update.Part)
        {
            return false;
        }

        Add(_coming, update);
        if (++_part == update.Parts)
        {
            _last = !_coming.Listens && _known.Listens ? _known : _last;
            Volatile.Write(ref _known, _coming);
            _coming = null;
        }

        return true;
    }

    private bool ApplyChange(InterestUpdate update)
    {
        Known known = _known;
        if (known.Version >= update.To)
        {
            // It came before, and its answer did not get back.
            return true;
        }

        if (known.Version == LocalInterest.Unknown || known.Version < update.From)
        {
            return false;
        }

        // Each says how it is and not what changed: to take again what is known already does no harm.
        Add(known, update);
        known.Listens = update.Listens;
        known.Bridges = update.Bridges;
        known.Version = update.To;
        return true;
    }

    private static void Add(Known known, InterestUpdate update)
    {
        for (int i = 0; i < update.Twins.Length; i++)
        {
            if (update.Kinds[i] == 0)
            {
                known.Twins.TryRemove(update.Twins[i], out _);
            }
            else
            {
                known.Twins[update.Twins[i]] = (HeardKinds)update.Kinds[i];
            }
        }

        known.HasTwins = !known.Twins.IsEmpty;
        foreach (string filter in update.Gone)
        {
            Change(known, filter, isThere: false);
        }

        foreach (string filter in update.Filters)
        {
            Change(known, filter, isThere: true);
        }
    }

    private static void Change(Known known, string text, bool isThere)
    {
        if (TopicFilter.Parse(text) is not { } filter)
        {
            return;
        }

        if (isThere)
        {
            known.Filters.Add(filter, text);
        }
        else
        {
            known.Filters.Remove(filter, text);
        }

        known.HasFilters = !known.Filters.IsEmpty;
    }

    private sealed class Known
    {
        public static readonly Known Nothing = new() { Version = LocalInterest.Unknown };

        public long Version { get; set; }

        public bool Listens { get; set; }

        public bool Bridges { get; set; }

        public ConcurrentDictionary<ulong, HeardKinds> Twins { get; } = new();

        // The dictionary takes all of its locks to say that it is empty.
        public bool HasTwins { get; set; }

        public TopicTree<string> Filters { get; } = new();

        public bool HasFilters { get; set; }
    }
}
