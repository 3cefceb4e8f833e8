namespace TwinGrid.Twins.Timing;

/// <summary>
/// What one twin has asked of the timer wheel. Turns ask at every end, mostly for what they have asked for already;
/// remembering it here spares the wheel's lock. Runs on the activation's scheduler.
/// </summary>
internal sealed class WakeCall(TimerWheel wheel, TwinId twin)
{
    private long _asked = long.MaxValue;

    /// <summary>Asks to be woken at a time, Unix microseconds, or earlier.</summary>
    public void Ask(long due)
    {
        if (due < _asked)
        {
            _asked = due;
            wheel.Schedule(twin, due);
        }
    }

    /// <summary>The wheel has called and remembers nothing of the twin any more.</summary>
    public void Rang() => _asked = long.MaxValue;
}
