namespace TwinGrid.Twins;

/// <summary>
/// Keeps a busy activation from being collected as idle. Turns do not count as activity with Orleans; telling it at
/// each would cost more than the turn, so it is told at most once in half the age.
/// </summary>
internal sealed class ActivationKeeper(Action<TimeSpan> delayDeactivation, TimeProvider clock)
{
    private static readonly TimeSpan s_age = TimeSpan.FromMinutes(15);

    private long _toldAt = clock.GetTimestamp();

    /// <summary>A turn was committed.</summary>
    public void Turned()
    {
        if (clock.GetElapsedTime(_toldAt) > s_age / 2)
        {
            _toldAt = clock.GetTimestamp();
            delayDeactivation(s_age);
        }
    }
}
