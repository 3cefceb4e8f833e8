using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TwinGrid.Tests.Conformance;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What a process does when more waits for the store than it may hold.</summary>
public sealed class IngestBudgetTests
{
    private const string Topic = "twins/pump/p1/telemetry/temperature";

    [Fact]
    public async Task Who_waits_for_room_goes_on_when_enough_was_answered()
    {
        IngestBudget budget = Budget(2 * (IngestBudget.PerMessage + 100));
        budget.Take(100);
        Assert.True(budget.IsHigh);
        Assert.False(budget.IsFull);
        budget.Take(100);
        Assert.True(budget.IsFull);
        Task room = budget.WaitForRoomAsync(TimeProvider.System);
        budget.Return(100);
        await room.WaitAsync(RunningGateway.Patience);
        Assert.False(budget.IsFull);
        budget.Return(100);
        Assert.Equal(0, budget.Used);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task QoS_0_is_dropped_first_then_sockets_are_not_read_and_nothing_else_is_lost(int level)
    {
        HeldRoad road = new();
        using HeldSenders held = new();
        await using RunningGateway gateway = await RunningGateway.StartAsync(more: services =>
        {
            services.AddSingleton<ITwinIngest>(road);
            services.Configure<LimitOptions>(limits => limits.IngestBytes = 4 * (IngestBudget.PerMessage + 1));
        });
        await using RawClient one = await RawClient.OpenAsync(gateway.Port, level);
        await one.ConnectAsync(new Connect { ClientId = "one" });
        await SendAsync(one, level, qos: 1, "1", "2");
        await RunningGateway.Until(() => road.Held.Count == 2, "half of the budget is used");

        // The first is of QoS 0 and goes, the others are kept; what comes after the fourth waits in its socket.
        await SendAsync(one, level, qos: 0, "3");
        await SendAsync(one, level, qos: 1, "4", "5", "6", "7");
        await RunningGateway.Until(() => road.Held.Count == 4, "the budget is used up");
        await using RawClient other = await RawClient.OpenAsync(gateway.Port, level);
        await other.ConnectAsync(new Connect { ClientId = "other" });
        await SendAsync(other, level, qos: 1, "8");
        await RunningGateway.Until(() => held.Count == 2, "both senders are held");
        Assert.Equal(4, road.Held.Count);

        List<string> taken = [];
        await RunningGateway.Until(
            () =>
            {
                while (taken.Count < road.Held.Count)
                {
                    IngestMessage next = road.Held[taken.Count];
                    taken.Add(HeldRoad.Show(next).Split('=')[^1]);
                    next.Finished(new IngestResult(IngestStatus.Accepted, taken.Count, 1));
                }

                return taken.Count == 7;
            },
            "all of QoS 1 was answered");
        Assert.Equal(["1", "2", "4", "5", "6", "7", "8"], taken.Order());
        road.AtOnce = default(IngestResult);
    }

    private static IngestBudget Budget(long bytes) => new(Options.Create(new LimitOptions { IngestBytes = bytes }));

    private static async Task SendAsync(RawClient client, int level, int qos, params string[] values)
    {
        foreach (string value in values)
        {
            ushort id = qos == 0 ? (ushort)0 : ushort.Parse(value, CultureInfo.InvariantCulture);
            await client.SendAsync(PacketBytes.Publish(level, Topic, value, qos, id));
        }
    }

    /// <summary>How many senders the budget holds, by its own instrument.</summary>
    private sealed class HeldSenders : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public HeldSenders()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "twingrid.ingest.held")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref _count, change));
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
