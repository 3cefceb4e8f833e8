namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// The packet ids of a connection, and what is in flight under each: whose message and since when. Grows to what is in
/// flight. Not thread-safe.
/// </summary>
internal sealed class InFlight
{
    private const int Most = ushort.MaxValue;

    private (LoadDevice? Device, long Since)[] _messages = new (LoadDevice?, long)[256];
    private ushort[] _free = new ushort[256];
    private int _freeCount;
    private int _highest;

    /// <summary>Takes a free id.</summary>
    /// <exception cref="InvalidOperationException">All 65,535 are in flight.</exception>
    public ushort Take(LoadDevice device, long since)
    {
        int id = _freeCount > 0 ? _free[--_freeCount] : Grow();
        _messages[id] = (device, since);
        return (ushort)id;
    }

    /// <summary>Gives an id back that was acknowledged.</summary>
    /// <exception cref="InvalidDataException">It is not in flight.</exception>
    public (LoadDevice Device, long Since) Return(ushort id)
    {
        (LoadDevice? device, long since) = id < _messages.Length ? _messages[id] : default;
        if (device is null)
        {
            throw new InvalidDataException($"The server acknowledged packet {id}, which is not in flight");
        }

        _messages[id] = default;
        _free[_freeCount++] = id;
        return (device, since);
    }

    private int Grow()
    {
        if (_highest == Most)
        {
            throw new InvalidOperationException("All 65,535 packet ids are in flight");
        }

        if (++_highest == _messages.Length)
        {
            int length = Math.Min(_messages.Length * 2, Most + 1);
            Array.Resize(ref _messages, length);
            Array.Resize(ref _free, length);
        }

        return _highest;
    }
}
