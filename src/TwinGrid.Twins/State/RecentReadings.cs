namespace TwinGrid.Twins.State;

/// <summary>
/// The identities (source time, value) of the last 64 readings of a telemetry that came with a time and without a
/// number: what a broker's redelivery is recognised by. Grows with use; at most about 1 KiB.
/// </summary>
internal sealed class RecentReadings
{
    /// <summary>How many are remembered: contracts section 2.</summary>
    public const int Capacity = 64;

    private (long Time, ulong Value)[] _entries = new (long, ulong)[4];
    private int _next;

    /// <summary>How many are remembered now.</summary>
    public int Count { get; private set; }

    /// <summary>The remembered identities from the oldest.</summary>
    public (long Time, ulong Value) this[int index] =>
        _entries[Count < _entries.Length ? index : (_next + index) % _entries.Length];

    /// <summary>Remembers an identity; false when it is remembered already.</summary>
    public bool Add(long time, ulong value)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_entries[i].Time == time && _entries[i].Value == value)
            {
                return false;
            }
        }

        if (Count == _entries.Length && Count < Capacity)
        {
            Array.Resize(ref _entries, Count * 2);
            _next = Count;
        }

        _entries[_next] = (time, value);
        _next = (_next + 1) % _entries.Length;
        Count = Math.Min(Count + 1, _entries.Length);
        return true;
    }
}
