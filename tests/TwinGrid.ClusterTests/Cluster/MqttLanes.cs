using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>
/// Devices at one silo whose twins are all over the cluster; half of them number their messages, half tell only
/// values. A connection that the grid ends fails the test.
/// </summary>
internal sealed class MqttLanes : IAsyncDisposable
{
    private readonly Lane[] _lanes;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private MqttLanes(Lane[] lanes)
    {
        _lanes = lanes;
    }

    public static async Task<MqttLanes> StartAsync(SiloProcess silo, int devices)
    {
        Lane[] lanes = await Task.WhenAll(Enumerable.Range(0, devices).Select(async i =>
            new Lane($"pump/lane{i}", i % 2 == 0, await MqttDevice.ConnectAsync(silo.MqttPort, $"lane-{i}"))));
        MqttLanes all = new(lanes);
        all._running = Task.WhenAll(lanes.Select(lane => lane.RunAsync(all._stop.Token)));
        await all.AllHeardAgainAsync();
        return all;
    }

    /// <summary>Waits until every device has had five more answers.</summary>
    public async Task AllHeardAgainAsync()
    {
        int[] before = [.. _lanes.Select(static lane => lane.Acknowledged)];
        await Eventually.HoldsAsync(
            "answers to every device",
            () => _running.IsFaulted
                || _lanes.Zip(before).All(static pair => pair.First.Acknowledged >= pair.Second + 5));
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    /// <summary>Every message was applied once.</summary>
    public async Task CheckAsync(SiloProcess silo)
    {
        await _stop.CancelAsync();
        await _running;
        foreach (Lane lane in _lanes)
        {
            var twin = (await silo.Api.TwinAsync(lane.Twin))!.Value;
            Assert.Equal(lane.Acknowledged, twin.Number("pressure"));
            Assert.Equal(lane.Acknowledged, twin.Telemetry("pressure")!.Value.GetProperty("count").GetInt64());
            Assert.Equal(0, twin.Counter("late"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_lanes.Select(static lane => lane.DisposeAsync().AsTask()));
        _stop.Dispose();
    }

    private sealed class Lane(string twin, bool numbered, MqttDevice device) : IAsyncDisposable
    {
        public string Twin => twin;

        public int Acknowledged { get; private set; }

        public async Task RunAsync(CancellationToken stop)
        {
            for (int n = 1; !stop.IsCancellationRequested; n++)
            {
                string body = numbered
                    ? $$"""{"source":"sim","epoch":1,"seq":{{n}},"values":{"pressure":{{n}} } }"""
                    : $$"""{"pressure":{{n}}}""";
                await device.PublishAsync($"twins/{twin}/telemetry", body);
                Acknowledged = n;
                await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }
        }

        public ValueTask DisposeAsync() => device.DisposeAsync();
    }
}
