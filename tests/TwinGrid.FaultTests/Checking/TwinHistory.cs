namespace TwinGrid.FaultTests.Checking;

/// <summary>What a reader was answered. Times are of one monotonic clock.</summary>
/// <param name="Invoked">Just before the request left.</param>
/// <param name="Completed">Just after the answer was there.</param>
/// <param name="Revision">The revision that it showed.</param>
/// <param name="Number">The live value: the number of the newest reading.</param>
/// <param name="Count">How many readings changed the live value.</param>
/// <param name="Durable">False where the grid said itself that this may not survive.</param>
/// <param name="From">The silo that answered, for messages.</param>
internal readonly record struct SeenRead(
    long Invoked, long Completed, long Revision, long Number, long Count, bool Durable, int From = 0);

/// <summary>A moment, and how far numbers had got.</summary>
internal readonly record struct Progress(long At, long Number);

/// <summary>
/// What devices and readers of one twin did and saw: their side of the story. Written while the run goes on, read by
/// the checker when it is over. Thread-safe for writers.
/// </summary>
internal sealed class TwinHistory(string twin)
{
    private readonly Lock _sync = new();
    private readonly List<Measurement> _attempted = [];
    private readonly List<Measurement> _acknowledged = [];
    private readonly List<Progress> _sent = [];
    private readonly List<Progress> _kept = [];
    private readonly List<SeenRead> _reads = [];

    /// <summary>The twin, <c>kind/key</c>.</summary>
    public string Twin => twin;

    /// <summary>All that was sent at least once, in order.</summary>
    public IReadOnlyList<Measurement> Attempted => _attempted;

    /// <summary>All that was acknowledged, in the order of the acknowledgements.</summary>
    public IReadOnlyList<Measurement> Acknowledged => _acknowledged;

    /// <summary>The highest live number sent, by time.</summary>
    public IReadOnlyList<Progress> Sent => _sent;

    /// <summary>The highest live number acknowledged, by time.</summary>
    public IReadOnlyList<Progress> Kept => _kept;

    /// <summary>What readers saw.</summary>
    public IReadOnlyList<SeenRead> Reads => _reads;

    /// <summary>A message is about to leave for the first time.</summary>
    public void Attempt(Measurement message, long at)
    {
        lock (_sync)
        {
            _attempted.Add(message);
            if (message.Publisher == Publisher.Live)
            {
                _sent.Add(new Progress(at, message.Last));
            }
        }
    }

    /// <summary>A message was acknowledged.</summary>
    public void Acknowledge(Measurement message, long at)
    {
        lock (_sync)
        {
            _acknowledged.Add(message);
            if (message.Publisher == Publisher.Live && (_kept.Count == 0 || _kept[^1].Number < message.Last))
            {
                _kept.Add(new Progress(at, message.Last));
            }
        }
    }

    /// <summary>A reader was answered.</summary>
    public void Read(SeenRead read)
    {
        lock (_sync)
        {
            _reads.Add(read);
        }
    }

    /// <summary>Readings that were acknowledged so far.</summary>
    public long AcknowledgedReadings
    {
        get
        {
            lock (_sync)
            {
                return _acknowledged.Sum(static message => (long)message.Count);
            }
        }
    }
}
