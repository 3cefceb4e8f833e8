namespace TwinGrid.Twins;

/// <summary>
/// Keeps a busy activation from being collected as idle. Turns do not count as activity with Orleans; telling it at
/// each would cost more than the turn, so it is told at most once in half the age.
/// </summary>
/// <param name="delayDeactivation">Keeps the activation for so long.</param>
/// <param name="now">When it was made, Unix microseconds.</param>
internal struct ActivationKeeper(Action<TimeSpan> delayDeactivation, long now)
{
    private const int AgeMinutes = 15;

    private static readonly long s_often = UnixMicroseconds.From(TimeSpan.FromMinutes(AgeMinutes) / 2);

    private long _toldAt = now;

    /// <summary>A turn was committed; a clock that is set back counts as time that passed.</summary>
    public void Turned(long now)
    {
        if (now - _toldAt > s_often || now < _toldAt)
        {
            _toldAt = now;
            delayDeactivation(TimeSpan.FromMinutes(AgeMinutes));
        }
    }
}
