namespace TwinGrid.Tests.Simulation;

/// <summary>A process's clocks: the monotonic one is the world's, the wall clock may jump.</summary>
internal sealed class ProcessClock(World world, Process process) : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How far the wall clock is ahead of the world's.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start + TimeSpan.FromTicks(world.Now) + Offset;

    public override long GetTimestamp() => world.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(world, process, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(World world, Process process, Action callback) : ITimer
    {
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int version = ++_version;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                world.After(dueTime, () => Ring(version, period));
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Ring(int version, TimeSpan period)
        {
            if (version != _version || process.IsDead)
            {
                return;
            }

            process.Pool.Post(() => Call(version));
            if (period > TimeSpan.Zero)
            {
                world.After(period, () => Ring(version, period));
            }
        }

        private void Call(int version)
        {
            if (version == _version)
            {
                callback();
            }
        }
    }
}
