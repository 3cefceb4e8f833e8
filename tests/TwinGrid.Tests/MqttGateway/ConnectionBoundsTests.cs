using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Listening;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What bounds one connection, and all of them together.</summary>
public class ConnectionBoundsTests
{
    // Addresses for documentation, RFC 5737.
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");
    private static readonly IPAddress Three = IPAddress.Parse("192.0.2.3");

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
        LargePackets memory = new(TimeProvider.System);
        LargePacket first = Taken(memory, One, LargePackets.Budget - 1);
        Assert.False(TryTake(memory, Two, 2));
        Task returned = memory.WaitAsync(Two, 2, RunningGateway.Patience);
        Assert.False(returned.IsCompleted);
        memory.Return(first);
        await returned;
        Assert.True(TryTake(memory, Two, 2));
    }

    [Fact]
    public void A_packet_larger_than_the_whole_memory_is_let_in_alone()
    {
        LargePackets memory = new(TimeProvider.System);
        Assert.True(TryTake(memory, One, LargePackets.Budget + 1));
        Assert.False(TryTake(memory, One, 1));
        Assert.False(TryTake(memory, Two, 1));
    }

    [Fact]
    public void One_address_has_at_most_half_of_the_memory_for_large_packets()
    {
        LargePackets memory = new(TimeProvider.System);
        LargePacket[] taken =
        [
            .. Enumerable.Range(0, 16).Select(_ => Taken(memory, One, 256 * 1_024)),
        ];
        Assert.False(TryTake(memory, One, 4_097));
        Assert.True(TryTake(memory, Two, 256 * 1_024));
        memory.Return(taken[0]);
        Assert.True(TryTake(memory, One, 256 * 1_024));
    }

    [Fact]
    public async Task While_others_wait_whoever_takes_longest_for_a_large_packet_and_over_30_seconds_must_go()
    {
        FakeTimeProvider clock = new();
        LargePackets memory = new(clock);
        LargePacket slowest = Taken(memory, One, LargePackets.PerAddress);
        LargePacket whole = Taken(memory, Two, 8_192);
        clock.Advance(TimeSpan.FromSeconds(1));
        LargePacket slow = Taken(memory, Two, LargePackets.PerAddress - 8_192);
        memory.HasCome(whole);
        clock.Advance(TimeSpan.FromSeconds(29.5));
        Assert.Null(memory.FindSlowest());

        Task waiting = memory.WaitAsync(Three, 8_192, RunningGateway.Patience);
        Assert.Same(slowest, memory.FindSlowest());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(slowest, memory.FindSlowest());
        memory.Return(slowest);
        await waiting;
        Assert.Null(memory.FindSlowest());

        Task again = memory.WaitAsync(Three, LargePackets.Budget, RunningGateway.Patience);
        Assert.Same(slow, memory.FindSlowest());
        memory.Return(slow);
        await again;
        Assert.Null(memory.FindSlowest());
    }

    [Fact]
    public async Task Whoever_waits_for_the_share_of_their_own_address_hurries_nobody_elsewhere()
    {
        FakeTimeProvider clock = new();
        LargePackets memory = new(clock);
        LargePacket elsewhere = Taken(memory, Two, 8_192);
        LargePacket[] ours = [Taken(memory, One, 100_000), Taken(memory, One, LargePackets.PerAddress - 100_000)];
        clock.Advance(TimeSpan.FromMinutes(16));
        Task waiting = memory.WaitAsync(One, 8_192, TimeSpan.FromSeconds(5));
        Assert.Same(ours[0], memory.FindSlowest());
        memory.Return(ours[0]);
        await waiting;
        Assert.Null(memory.FindSlowest());

        // Who gives up waiting hurries nobody either.
        Task vain = memory.WaitAsync(Three, LargePackets.Budget, TimeSpan.FromSeconds(5));
        Assert.Same(elsewhere, memory.FindSlowest());
        clock.Advance(TimeSpan.FromSeconds(5));
        await vain;
        Assert.Null(memory.FindSlowest());
    }

    [Fact]
    public async Task A_large_packet_comes_in_when_one_that_dripped_was_cut_for_it()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            more: services => services.AddSingleton<TimeProvider>(clock));
        bool isCut = false;
        Assert.True(gateway.LargePackets.TryTake(
            One, LargePackets.Budget, () => Volatile.Write(ref isCut, true), out LargePacket? dripping));
        using IMqttClient device = await gateway.ConnectAsync(
            "device", more: options => options.WithKeepAlivePeriod(TimeSpan.FromHours(1)));
        Task<MqttClientPublishResult> published = device.PublishStringAsync(
            "twins/pump/p1/telemetry", "{\"n\":1" + new string(' ', 8_192) + "}",
            MqttQualityOfServiceLevel.AtLeastOnce);
        await RunningGateway.Until(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return Volatile.Read(ref isCut);
            },
            "whoever has the memory is cut");
        Assert.False(published.IsCompleted);
        gateway.LargePackets.Return(dripping);
        await published.WaitAsync(RunningGateway.Patience);
        Assert.Equal(["n=1"], gateway.Twins.Readings("pump/p1"));
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

    private static bool TryTake(LargePackets memory, IPAddress address, int bytes) =>
        memory.TryTake(address, bytes, () => { }, out _);

    private static LargePacket Taken(LargePackets memory, IPAddress address, int bytes)
    {
        Assert.True(memory.TryTake(address, bytes, () => { }, out LargePacket? packet));
        return packet;
    }

    private static IngestBudget Budget() => new(Options.Create(new LimitOptions()));
}
