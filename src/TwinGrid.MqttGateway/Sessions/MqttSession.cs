namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// A device's or subscriber's side: one MQTT connection from CONNECT to its end, with the twins that it fed and the
/// filters that it subscribed. Thread-safe.
/// </summary>
internal sealed class MqttSession
{
    /// <summary>The most twins of one session whose presence follows it; a bridge of a whole plant fits.</summary>
    public const int MaxTwins = 65_536;

    /// <summary>The most filters of one session, so that a client cannot fill the topic tree.</summary>
    public const int MaxFilters = 1_000;

    private readonly Lock _lock = new();
    private readonly HashSet<TwinId> _twins = [];
    private readonly Dictionary<string, TopicFilter> _filters = new(StringComparer.Ordinal);
    private readonly Drain _feeding = new();
    private int _ended;

    /// <summary>Makes a session.</summary>
    /// <param name="id">Never used twice, also not by another process: see <see cref="SessionRegistry"/>.</param>
    /// <param name="client">The MQTT client identifier.</param>
    public MqttSession(string id, string client)
    {
        Id = id;
        Client = client;
    }

    /// <summary>What presence names it by.</summary>
    public string Id { get; }

    /// <summary>The MQTT client identifier.</summary>
    public string Client { get; }

    /// <summary>
    /// Begins to feed a twin; false once the session has ended, as for a will, which leaves no presence.
    /// </summary>
    public bool TryBeginFeed() => _feeding.TryEnter();

    /// <summary>Ends what <see cref="TryBeginFeed"/> began.</summary>
    public void EndFeed() => _feeding.Exit();

    /// <summary>Remembers a twin that the session feeds; true for the first time.</summary>
    public bool Remember(TwinId twin)
    {
        lock (_lock)
        {
            return _twins.Count < MaxTwins && _twins.Add(twin);
        }
    }

    /// <summary>Forgets a twin that there is not.</summary>
    public void Forget(TwinId twin)
    {
        lock (_lock)
        {
            _twins.Remove(twin);
        }
    }

    /// <summary>Marks the session as ended; false where it was already.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    /// <summary>Waits for what feeds now, lets nothing more feed, and gives the twins that were fed.</summary>
    public async Task<TwinId[]> TakeFedAsync()
    {
        await _feeding.CloseAsync();
        lock (_lock)
        {
            TwinId[] fed = [.. _twins];
            _twins.Clear();
            return fed;
        }
    }

    /// <summary>Adds a filter; false when the session has as many as it may.</summary>
    public bool TryAddFilter(TopicFilter filter)
    {
        lock (_lock)
        {
            if (_filters.Count >= MaxFilters && !_filters.ContainsKey(filter.Text))
            {
                return false;
            }

            _filters[filter.Text] = filter;
            return true;
        }
    }

    /// <summary>Takes a filter away; null where there was none.</summary>
    public TopicFilter? RemoveFilter(string text)
    {
        lock (_lock)
        {
            return _filters.Remove(text, out TopicFilter? filter) ? filter : null;
        }
    }

    /// <summary>The filters as they are.</summary>
    public TopicFilter[] Filters()
    {
        lock (_lock)
        {
            return [.. _filters.Values];
        }
    }

    /// <summary>True when a filter names the twin literally and covers its commands: the twin's own device.</summary>
    public bool IsDeviceOf(TwinId twin, string root)
    {
        lock (_lock)
        {
            foreach (TopicFilter filter in _filters.Values)
            {
                if (filter.Twin == twin && filter.Covers(root, TopicNames.Commands))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
