namespace TwinGrid.FaultTests.Proxy;

/// <summary>
/// What a link does to the bytes on it; set from outside while they flow. Clear by default. Thread-safe.
/// </summary>
internal sealed class Weather
{
    private readonly Lock _sync = new();
    private readonly HashSet<ProxiedConnection> _connections = [];
    private TaskCompletionSource? _holdsForward;
    private TaskCompletionSource? _holdsBack;
    private TimeSpan _delay;
    private bool _cut;

    /// <summary>How long every piece is held.</summary>
    public TimeSpan Delay
    {
        get
        {
            lock (_sync)
            {
                return _delay;
            }
        }
    }

    /// <summary>Connections that are open in it.</summary>
    public int Connections
    {
        get
        {
            lock (_sync)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>A connection begins; false where it may not.</summary>
    public bool TryEnter(ProxiedConnection connection)
    {
        lock (_sync)
        {
            return !_cut && _connections.Add(connection);
        }
    }

    /// <summary>A connection is over.</summary>
    public void Leave(ProxiedConnection connection)
    {
        lock (_sync)
        {
            _connections.Remove(connection);
        }
    }

    /// <summary>
    /// Connections end as if the other side had vanished (RST), and new ones do at once, until it clears.
    /// </summary>
    public void Cut()
    {
        ProxiedConnection[] open;
        lock (_sync)
        {
            _cut = true;
            open = [.. _connections];
        }

        foreach (ProxiedConnection connection in open)
        {
            connection.Reset();
        }
    }

    /// <summary>Every piece comes so much later.</summary>
    public void Slow(TimeSpan delay)
    {
        lock (_sync)
        {
            _delay = delay;
        }
    }

    /// <summary>
    /// Nothing comes through, and nobody is told. What was sent meanwhile arrives when it clears, as with TCP's own
    /// retransmissions after a partition.
    /// </summary>
    /// <param name="forward">What the connecting side sends.</param>
    /// <param name="back">What it is answered.</param>
    public void Hold(bool forward, bool back)
    {
        lock (_sync)
        {
            _holdsForward = forward ? _holdsForward ?? New() : _holdsForward;
            _holdsBack = back ? _holdsBack ?? New() : _holdsBack;
        }
    }

    /// <summary>All comes through again.</summary>
    public void Clear()
    {
        TaskCompletionSource?[] held;
        lock (_sync)
        {
            held = [_holdsForward, _holdsBack];
            (_holdsForward, _holdsBack, _delay, _cut) = (null, null, TimeSpan.Zero, false);
        }

        foreach (TaskCompletionSource? hold in held)
        {
            hold?.TrySetResult();
        }
    }

    /// <summary>Ends when a piece may pass in a direction.</summary>
    public Task PassAsync(bool forward)
    {
        lock (_sync)
        {
            return (forward ? _holdsForward : _holdsBack)?.Task ?? Task.CompletedTask;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
