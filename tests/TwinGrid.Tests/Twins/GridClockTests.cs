using Microsoft.Extensions.Time.Testing;
using TwinGrid.Twins.Timing;

namespace TwinGrid.Tests.Twins;

public sealed class GridClockTests
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly MachineClock _machine = new();

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_machine_clock_that_is_set_a_day_off_moves_the_grid_by_a_twentieth_of_the_time_that_passes(int days)
    {
        GridClock clock = new(_machine);
        _machine.Jump(TimeSpan.FromDays(days));
        DateTimeOffset last = clock.GetUtcNow();
        for (int second = 1; second <= 100; second++)
        {
            _machine.Pass(TimeSpan.FromSeconds(1));
            DateTimeOffset now = clock.GetUtcNow();
            Assert.True(now > last);
            last = now;
        }

        // The first second is not slewed, the wall clock being looked at when it has passed: 100 s +- 99 * 0.05 s.
        Assert.Equal(100 + (days * 99 * 0.05), (last - s_start).TotalSeconds, 3);
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(0.5)]
    public void A_correction_of_half_a_second_is_through_in_twelve_seconds(double correction)
    {
        GridClock clock = new(_machine);
        _machine.Jump(TimeSpan.FromSeconds(correction));
        for (int second = 1; second <= 12; second++)
        {
            _machine.Pass(TimeSpan.FromSeconds(1));
            clock.GetUtcNow();
        }

        Assert.Equal(_machine.GetUtcNow(), clock.GetUtcNow(), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void While_nobody_asks_the_time_it_is_not_slewed_for_longer_than_a_second()
    {
        GridClock clock = new(_machine);
        _machine.Jump(TimeSpan.FromDays(1));
        _machine.Pass(TimeSpan.FromSeconds(1));
        clock.GetUtcNow();
        _machine.Pass(TimeSpan.FromHours(1));
        Assert.Equal(3_601.05, (clock.GetUtcNow() - s_start).TotalSeconds, 3);
    }

    /// <summary>A wall clock that can be set, over a monotonic one that cannot.</summary>
    private sealed class MachineClock : TimeProvider
    {
        private readonly FakeTimeProvider _monotonic = new(s_start);
        private TimeSpan _offset;

        public void Jump(TimeSpan by) => _offset += by;

        public void Pass(TimeSpan time) => _monotonic.Advance(time);

        public override DateTimeOffset GetUtcNow() => _monotonic.GetUtcNow() + _offset;

        public override long GetTimestamp() => _monotonic.GetTimestamp();

        public override long TimestampFrequency => _monotonic.TimestampFrequency;
    }
}
