using Microsoft.Extensions.Time.Testing;

namespace TwinGrid.Tests.Storage;

/// <summary>
/// A clock that stands, and knows the thread that writes: the store asks it there for the time when it opens, and
/// between a commit and its note.
/// </summary>
internal sealed class WriterClock(long time = SealedHistory.Start)
    : FakeTimeProvider(UnixMicroseconds.ToDateTimeOffset(time))
{
    /// <summary>Of strace; 0 before the store was opened.</summary>
    public int Writer { get; private set; }

    /// <summary>Runs on the thread that writes when it asks for the time.</summary>
    public Action? TimeAsked { get; set; }

    /// <summary>Runs on the thread that writes when it measures a time.</summary>
    public Action? TimeMeasured { get; set; }

    private static bool IsWriter => Thread.CurrentThread.Name == "TwinGrid writer";

    public override DateTimeOffset GetUtcNow()
    {
        if (IsWriter)
        {
            Writer = Strace.Thread();
            TimeAsked?.Invoke();
        }

        return base.GetUtcNow();
    }

    public override long GetTimestamp()
    {
        if (IsWriter)
        {
            TimeMeasured?.Invoke();
        }

        return base.GetTimestamp();
    }
}
