using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.MqttGateway.Listening;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What bounds one connection, and all of them together.</summary>
public class ConnectionBoundsTests
{
    [Fact]
    public async Task Reading_waits_while_as_many_publishes_are_in_flight_as_may_be_and_goes_on_at_half()
    {
        InFlight inFlight = new(4, Budget(), TimeProvider.System);
        for (ushort id = 1; id <= 4; id++)
        {
            Assert.False(inFlight.IsFull);
            Assert.True(inFlight.TryAdd(id, 1, 10));
        }

        Assert.True(inFlight.IsFull);
        Task room = inFlight.WaitForRoomAsync();
        inFlight.Free(1, 1);
        inFlight.Remove(10);
        Assert.False(room.IsCompleted);
        inFlight.Free(2, 1);
        inFlight.Remove(10);
        await room;
        Assert.Equal(2, inFlight.Unacknowledged);
    }

    [Fact]
    public void A_megabyte_of_payload_in_flight_is_enough_whatever_its_number()
    {
        InFlight inFlight = new(1_024, Budget(), TimeProvider.System);
        inFlight.TryAdd(1, 1, 1 << 20);
        Assert.True(inFlight.IsFull);
        inFlight.Free(1, 1);
        inFlight.Remove(1 << 20);
        Assert.False(inFlight.IsFull);
    }

    [Fact]
    public void An_identifier_is_in_flight_once()
    {
        InFlight inFlight = new(10, Budget(), TimeProvider.System);
        Assert.True(inFlight.TryAdd(7, 1, 0));
        Assert.False(inFlight.TryAdd(7, 1, 0));
        Assert.True(inFlight.TryAdd(0, 0, 0) && inFlight.TryAdd(0, 0, 0));
        inFlight.Free(7, 1);
        inFlight.Remove(0);
        Assert.True(inFlight.TryAdd(7, 1, 0));
    }

    [Fact]
    public async Task Large_packets_wait_for_the_memory_of_others()
    {
        LargePackets memory = new();
        Assert.True(memory.TryTake(LargePackets.Budget - 1));
        Assert.False(memory.TryTake(2));
        Task returned = memory.WaitAsync();
        memory.Return(LargePackets.Budget - 1);
        await returned;
        Assert.True(memory.TryTake(2));
    }

    [Fact]
    public void A_packet_larger_than_the_whole_memory_is_let_in_alone()
    {
        LargePackets memory = new();
        Assert.True(memory.TryTake(LargePackets.Budget + 1));
        Assert.False(memory.TryTake(1));
    }

    [Fact]
    public void A_packet_that_was_begun_must_grow_by_8_KiB_in_30_seconds_or_end()
    {
        FakeTimeProvider clock = new();
        ConnectionWatch watch = new(clock);
        watch.Left(100);
        clock.Advance(TimeSpan.FromSeconds(29));
        watch.Left(100 + 8_192);
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(watch.IsTooSlow);
        watch.Left(100 + 8_192 + 8_191);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(watch.IsTooSlow);
        watch.Left(0);
        Assert.False(watch.IsTooSlow);
    }

    [Fact]
    public void The_clocks_of_a_connection_that_is_held_back_stand_still()
    {
        FakeTimeProvider clock = new();
        ConnectionWatch watch = new(clock);
        watch.Left(5);
        watch.IsHeld = true;
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.Zero, watch.Silence);
        Assert.False(watch.IsTooSlow);
        watch.IsHeld = false;
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), watch.Silence);
    }

    private static IngestBudget Budget() => new(Options.Create(new LimitOptions()));
}
