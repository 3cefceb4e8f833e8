namespace TwinGrid.Twins.Committing;

/// <summary>
/// Whether the store takes this silo's commits. Group commits write it, readiness and the lease read it; internal to
/// the grid, public because its host asks. Thread-safe.
/// </summary>
/// <param name="clock">What durations are measured with.</param>
public sealed class CommitHealth(TimeProvider clock)
{
    private Refusal? _refusal;
    private long _takenAt = long.MinValue;

    /// <summary>Why the store has refused every commit for so long; null where it takes them.</summary>
    /// <param name="patience">How long it may refuse before it counts: a moment is no failure.</param>
    public string? FindRefusal(TimeSpan patience) =>
        Volatile.Read(ref _refusal) is { } refusal && clock.GetElapsedTime(refusal.Since, refusal.Last) >= patience
            ? refusal.Reason
            : null;

    internal void Refused(string reason)
    {
        long now = clock.GetTimestamp();
        Volatile.Write(ref _refusal, new Refusal(_refusal?.Since ?? now, now, reason));
    }

    internal void Taken()
    {
        Volatile.Write(ref _takenAt, clock.GetTimestamp());
        Volatile.Write(ref _refusal, null);
    }

    /// <summary>True when the store answered a commit after a moment, a timestamp of the clock.</summary>
    internal bool HasTakenSince(long moment) => Volatile.Read(ref _takenAt) > moment;

    // From the first refusal to the last one, not to now: who refused once and was asked no more may be well again.
    private sealed record Refusal(long Since, long Last, string Reason);
}
