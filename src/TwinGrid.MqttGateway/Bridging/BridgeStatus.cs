namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// Which of the bridge's connections serve, and why the others do not; for the health page. Thread-safe.
/// </summary>
public sealed class BridgeStatus
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, string?> _connections = new(StringComparer.Ordinal);

    /// <summary>Null while all connections serve that this process ought to have, else what is wrong.</summary>
    public string? FindTrouble()
    {
        lock (_lock)
        {
            foreach ((string what, string? why) in _connections)
            {
                if (why is not null)
                {
                    return $"the bridge has no connection for {what}: {why}";
                }
            }

            return null;
        }
    }

    /// <summary>A connection serves.</summary>
    /// <param name="what">What it is for.</param>
    internal void Serves(string what) => Set(what, null);

    /// <summary>A connection is to be, and is not.</summary>
    /// <param name="what">What it is for.</param>
    /// <param name="why">Why not.</param>
    /// <returns>False where that is what was said before.</returns>
    internal bool Lacks(string what, string why) => Set(what, why);

    /// <summary>A connection need not be any more.</summary>
    /// <param name="what">What it was for.</param>
    internal void Ends(string what)
    {
        lock (_lock)
        {
            _connections.Remove(what);
        }
    }

    private bool Set(string what, string? why)
    {
        lock (_lock)
        {
            bool isNew = !_connections.TryGetValue(what, out string? before) || before != why;
            _connections[what] = why;
            return isNew;
        }
    }
}
