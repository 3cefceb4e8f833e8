namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// The packet ids of a connection, and what is in flight under each: whose message and since when. Grows to what is
/// in flight. Not thread-safe.
/// </summary>
internal sealed class PacketIds
{
    private const int Most = ushort.MaxValue;

    private (LoadDevice? Device, long Since)[] _inFlight = new (LoadDevice?, long)[256];
    private readonly Stack<ushort> _free = new();
    private ushort _highest;

    /// <summary>Takes a free id.</summary>
    /// <returns>False when all 65,535 are in flight.</returns>
    public bool TryTake(LoadDevice device, long since, out ushort id)
    {
        if (!_free.TryPop(out id))
        {
            if (_highest == Most)
            {
                return false;
            }

            id = ++_highest;
            if (id >= _inFlight.Length)
            {
                Array.Resize(ref _inFlight, Math.Min(_inFlight.Length * 2, Most + 1));
            }
        }

        _inFlight[id] = (device, since);
        return true;
    }

    /// <summary>Gives an id back that was acknowledged.</summary>
    public (LoadDevice Device, long Since) Return(ushort id)
    {
        (LoadDevice? device, long since) = id < _inFlight.Length ? _inFlight[id] : default;
        if (device is null)
        {
            throw new InvalidDataException($"The grid acknowledged packet {id}, which is not in flight");
        }

        _inFlight[id] = default;
        _free.Push(id);
        return (device, since);
    }
}
