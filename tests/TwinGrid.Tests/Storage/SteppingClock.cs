namespace TwinGrid.Tests.Storage;

/// <summary>Each look at it is a minute later: what is written once a second is written every time.</summary>
internal sealed class SteppingClock : TimeProvider
{
    private long _minutes;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => Interlocked.Increment(ref _minutes) * 60;
}
