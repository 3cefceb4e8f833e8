using System.Net;
using MQTTnet;
using Orleans.Runtime;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What is asked for after something went by, once for each loss.</summary>
public sealed class LossTests
{
    [Fact]
    public async Task A_loss_that_is_told_while_the_fleet_is_listed_asks_for_another_list()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource<TwinPage> first = new();
        int lists = 0;
        gateway.Grains.Listing = () =>
            Interlocked.Increment(ref lists) == 1 ? first.Task : Task.FromResult(new TwinPage([], null));
        using IMqttClient early = await gateway.ConnectAsync();
        await early.SubscribeAsync("twins/turbine/+/alarms/+");
        await RunningGateway.Until(() => Volatile.Read(ref lists) == 1, "the fleet is being listed");
        gateway.Part<CatchUp>().ForgetFleet();
        first.SetResult(new TwinPage([new TwinSummary("turbine/t07", "turbine", 1, null, true, 1)], null));
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 1, "the twin of the list is asked");

        using IMqttClient later = await gateway.ConnectAsync();
        await later.SubscribeAsync("twins/turbine/+/alarms/+");
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 2, "the twin is asked for the second");
        Assert.Equal(2, lists);

        // Nothing was lost since: the list stands.
        using IMqttClient last = await gateway.ConnectAsync();
        await last.SubscribeAsync("twins/turbine/+/alarms/+");
        await RunningGateway.Until(() => gateway.Grains.Calls.Count == 3, "the twin is asked for the third");
        Assert.Equal(2, lists);
    }

    [Fact]
    public async Task A_batch_that_comes_again_does_not_ask_again_for_what_went_by_before_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = await gateway.ConnectAsync();
        await AsksAsync("t07", () => client.SubscribeAsync("twins/turbine/t07/alarms/+"), 1);
        EffectArrivals arrivals = gateway.Part<EffectArrivals>();
        EffectBatch lost = new()
        {
            Sender = SiloAddress.New(IPAddress.Loopback, 2, 1),
            Number = 1,
            Effects = [],
            HasLost = true,
        };
        await AsksAsync("t07", () => arrivals.TakeAsync(lost), 2);
        await arrivals.TakeAsync(lost);

        // What is asked for later is asked later.
        await AsksAsync("t08", () => client.SubscribeAsync("twins/turbine/t08/alarms/+"), 1);
        Assert.Equal(2, Asked("t07"));

        async Task AsksAsync(string twin, Func<Task> act, int times)
        {
            await act();
            await RunningGateway.Until(() => Asked(twin) >= times, $"{twin} was asked {times} times");
        }

        int Asked(string twin) =>
            gateway.Grains.Calls.Count(call => call.EndsWith($"turbine/{twin}", StringComparison.Ordinal));
    }
}
