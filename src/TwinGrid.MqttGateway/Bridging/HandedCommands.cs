namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// The commands that the broker was handed, or may have been. While it has one it is not handed again, though its twin,
/// which waits for the device's answer, tells it again; and one that it may have cannot be called back. Bounded: those
/// that have expired are forgotten. Thread-safe.
/// </summary>
internal sealed class HandedCommands
{
    private const int FirstLook = 4_096;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Handed> _byId = new(StringComparer.Ordinal);
    private int _nextLook = FirstLook;

    /// <summary>Begins to hand a command over; false when the broker has it, or is being sent it.</summary>
    /// <param name="id">The command.</param>
    /// <param name="expiresAt">Unix microseconds after which nobody does it any more.</param>
    /// <param name="now">Unix microseconds.</param>
    public bool TryBegin(string id, long expiresAt, long now)
    {
        lock (_lock)
        {
            if (_byId.TryGetValue(id, out Handed handed) && !handed.MayComeAgain)
            {
                return false;
            }

            _byId[id] = new Handed(expiresAt, MayComeAgain: false);
            if (_byId.Count >= _nextLook)
            {
                ForgetExpired(now);
            }

            return true;
        }
    }

    /// <summary>Nobody subscribes to it at the broker, or it refused it: nobody has it.</summary>
    public void Refused(string id)
    {
        lock (_lock)
        {
            _byId.Remove(id);
        }
    }

    /// <summary>It is not known whether the broker got it: when it is told again it is handed over again.</summary>
    public void Unknown(string id)
    {
        lock (_lock)
        {
            if (_byId.TryGetValue(id, out Handed handed))
            {
                _byId[id] = handed with { MayComeAgain = true };
            }
        }
    }

    /// <summary>The broker may have forgotten what it had: all that still waits for an answer may come again.</summary>
    public void BrokerWasAway()
    {
        lock (_lock)
        {
            foreach (string id in _byId.Keys)
            {
                _byId[id] = _byId[id] with { MayComeAgain = true };
            }
        }
    }

    /// <summary>True when a command may be at the broker.</summary>
    public bool MayBeOut(string id)
    {
        lock (_lock)
        {
            return _byId.ContainsKey(id);
        }
    }

    private void ForgetExpired(long now)
    {
        foreach ((string id, Handed handed) in _byId)
        {
            if (handed.ExpiresAt < now)
            {
                _byId.Remove(id);
            }
        }

        _nextLook = Math.Max(FirstLook, 2 * _byId.Count);
    }

    private readonly record struct Handed(long ExpiresAt, bool MayComeAgain);
}
