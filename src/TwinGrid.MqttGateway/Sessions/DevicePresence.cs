using TwinGrid.MqttGateway.Decoding;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// What one connection proves of its twins: that their device is there, from the first message to the connection's
/// end. A message to a twin that it feeds already costs two atomic additions and no look-up. Thread-safe.
/// </summary>
/// <param name="id">What presence names the connection by; never used twice, also not by another process.</param>
internal sealed class DevicePresence(string id)
{
    /// <summary>The most twins of one connection whose presence follows it; a bridge of a whole plant fits.</summary>
    public const int MaxTwins = 65_536;

    // Added to the count of who feeds: from then on the count is negative, and this alone when nobody feeds any more.
    private const int Closed = int.MinValue;

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<TwinId> _twins = new(0);
    private bool _isTaken;
    private int _feeding;

    // A slot that bears it leads to a known twin. It is renewed whenever a twin is forgotten, so that slots never know
    // more than the set does; and a slot that outlives the connection keeps nothing else of it.
    private volatile object _mark = new();

    /// <summary>What presence names the connection by.</summary>
    public string Id { get; } = id;

    /// <summary>
    /// True when its session went on at another gateway, which tells the twins: the end of the connection waits for it.
    /// </summary>
    public bool IsHandedOver { get; private set; }

    /// <summary>Its session goes on at another gateway.</summary>
    /// <returns>The twins that it feeds.</returns>
    public TwinId[] HandOver()
    {
        IsHandedOver = true;
        return Known();
    }

    /// <summary>Begins to feed a twin; false once the connection has ended.</summary>
    public bool TryBeginFeed()
    {
        if (Interlocked.Increment(ref _feeding) > 0)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>Ends what <see cref="TryBeginFeed"/> began.</summary>
    public void EndFeed() => Leave();

    /// <summary>
    /// Remembers the twin that a topic leads to; true for the first time. To be called while feeding.
    /// </summary>
    public bool Remember(TopicSlot slot)
    {
        object mark = _mark;
        if (ReferenceEquals(slot.FedMark, mark))
        {
            return false;
        }

        bool isFirst;
        lock (_lock)
        {
            isFirst = _twins.Count < MaxTwins && _twins.Add(slot.Route.Twin);
        }

        slot.FedMark = mark;
        return isFirst;
    }

    /// <summary>Forgets a twin that there is not.</summary>
    public void Forget(TwinId twin)
    {
        lock (_lock)
        {
            _twins.Remove(twin);
            _mark = new object();
        }
    }

    /// <summary>The twins that it feeds, or fed until it ended.</summary>
    public TwinId[] Known()
    {
        lock (_lock)
        {
            return [.. _twins];
        }
    }

    /// <summary>Remembers a twin that the client's last connection fed. To be called while feeding.</summary>
    public void Remember(TwinId twin)
    {
        lock (_lock)
        {
            if (_twins.Count < MaxTwins)
            {
                _twins.Add(twin);
            }
        }
    }

    /// <summary>Waits for what feeds now, lets nothing more feed, and gives the twins that were fed, once.</summary>
    public async Task<TwinId[]> TakeFedAsync()
    {
        int before = Interlocked.Or(ref _feeding, Closed);
        if (before is 0 or Closed)
        {
            _drained.TrySetResult();
        }

        await _drained.Task;
        lock (_lock)
        {
            TwinId[] fed = _isTaken ? [] : [.. _twins];
            _isTaken = true;
            return fed;
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _feeding) == Closed)
        {
            _drained.TrySetResult();
        }
    }
}
