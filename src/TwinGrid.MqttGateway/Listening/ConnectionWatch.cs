namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// When a connection was last heard of, and whether a packet that it began comes on. Written by its reader, read by
/// the sweep.
/// </summary>
internal sealed class ConnectionWatch(TimeProvider clock)
{
    /// <summary>How long a packet may take for the next <see cref="LeastBytes"/>, or to be complete.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of a packet that must come within <see cref="Window"/>: 273 a second, as a GPRS modem can.
    /// </summary>
    private const int LeastBytes = 8_192;

    private long _heard = clock.GetTimestamp();
    private long _partSince;
    private long _partBytes;

    /// <summary>True while the connection is not read because of what is in flight: its clocks stand still.</summary>
    public bool IsHeld
    {
        get;
        set
        {
            field = value;
            Volatile.Write(ref _heard, clock.GetTimestamp());
            Volatile.Write(ref _partSince, 0);
        }
    }

    /// <summary>How long nothing was heard.</summary>
    public TimeSpan Silence => IsHeld ? TimeSpan.Zero : clock.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>True when a packet that was begun comes too slowly.</summary>
    public bool IsTooSlow =>
        !IsHeld && Volatile.Read(ref _partSince) is var since and not 0 && clock.GetElapsedTime(since) > Window;

    /// <summary>Bytes came.</summary>
    public void Heard() => Volatile.Write(ref _heard, clock.GetTimestamp());

    /// <summary>So many bytes of an incomplete packet are there after a read.</summary>
    public void Left(long bytes)
    {
        if (bytes == 0)
        {
            Volatile.Write(ref _partSince, 0);
        }
        else if (_partSince == 0 || bytes < _partBytes || bytes >= _partBytes + LeastBytes)
        {
            _partBytes = bytes;
            Volatile.Write(ref _partSince, clock.GetTimestamp());
        }
    }
}
