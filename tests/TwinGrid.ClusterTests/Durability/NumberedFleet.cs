using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Durability;

/// <summary>Devices that number their messages, and what must be true of their twins whatever died meanwhile.</summary>
internal sealed class NumberedFleet(NumberedDevice[] devices)
{
    private readonly Dictionary<string, Seen> _seen =
        devices.ToDictionary(static d => d.Twin, static _ => new Seen(0, 0));

    private readonly List<TimeSpan> _recoveries = [];
    private long _started;

    /// <summary>Devices whose messages are single readings and batches of up to a thousand, and their twins.</summary>
    public static NumberedDevice[] Mixed =>
    [
        .. Enumerable.Range(1, 3).Select(static i => new NumberedDevice($"meter/epoch{i}", epoch: 1, window: 16)),
        .. Enumerable.Range(1, 2).Select(static i => new NumberedDevice($"meter/plain{i}", epoch: null, window: 8)),
        new NumberedDevice("pump/modelled", epoch: 7, window: 32),
        new NumberedDevice("meter/tens", epoch: 1, window: 8, batch: 10),
        .. Enumerable.Range(1, 2).Select(
            static i => new NumberedDevice($"meter/hundreds{i}", epoch: i, window: 8, batch: 100)),
        new NumberedDevice("meter/thousands", epoch: null, window: 8, batch: 1_000),
    ];

    /// <summary>Messages that were acknowledged.</summary>
    public long Acknowledged => devices.Sum(static d => (long)d.Acknowledged);

    /// <summary>Readings that were acknowledged.</summary>
    public long AcknowledgedReadings => devices.Sum(static d => (long)d.Acknowledged * d.Batch);

    /// <summary>The number of the newest reading that a twin knows.</summary>
    public static long NumberOf(JsonElement twin) => Seen.Of(twin).Number;

    /// <summary>Sends until told to stop or until the connections break.</summary>
    public Task RunAsync(SiloProcess silo, CancellationToken stop) =>
        Task.WhenAll(devices.Select(d => d.RunAsync(silo.MqttPort, stop)));

    /// <summary>A silo is about to be started.</summary>
    public void Starting() => _started = Stopwatch.GetTimestamp();

    /// <summary>Waits for the first acknowledgement of a life: what counts of a recovery.</summary>
    public async Task RecoveredAsync(long before)
    {
        await Eventually.HoldsAsync("the first acknowledgement", () => Acknowledged > before);
        _recoveries.Add(Stopwatch.GetElapsedTime(_started));
    }

    /// <summary>
    /// What was counted; said when all checks have passed, each of which fails at the first reading that is lost, there
    /// twice, never sent, or out of order.
    /// </summary>
    public string Summary() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_recoveries.Count} kills: {AcknowledgedReadings} readings acknowledged in {Acknowledged} messages, "
        + $"{devices.Sum(static d => d.Resent)} messages sent again; lost 0, duplicated 0, phantom 0, out of order 0; "
        + $"to the first acknowledgement {_recoveries.Average(static r => r.TotalSeconds):0.0} s, at most "
        + $"{_recoveries.Max(static r => r.TotalSeconds):0.0} s");

    // What the outside saw must never be taken back: only committed snapshots are visible. A grid under full load may
    // answer 503, which shows nothing.
    /// <summary>Notes what the API shows.</summary>
    public async Task LookAsync(SiloProcess silo)
    {
        foreach (NumberedDevice device in devices)
        {
            ApiAnswer answer = await silo.Api.SendAsync(HttpMethod.Get, $"/api/v1/twins/{device.Twin}");
            if (answer.Status == HttpStatusCode.OK)
            {
                _seen[device.Twin] = Seen.Of(answer.Body);
            }
        }
    }

    /// <summary>Nothing acknowledged is lost, nothing applied twice, nothing visible taken back.</summary>
    public async Task CheckAsync(SiloProcess silo)
    {
        foreach (NumberedDevice device in devices.Where(static d => d.Attempted > 0))
        {
            JsonElement? found = await silo.Api.TwinAsync(device.Twin);
            if (found is null)
            {
                Assert.True(device.Acknowledged == 0, $"{device.Twin} is gone with {device.Acknowledged} messages");
                continue;
            }

            JsonElement twin = found.Value;
            Seen now = Seen.Of(twin);
            long acknowledged = device.HighestAcknowledged * device.Batch;
            Assert.True(
                now.Number >= acknowledged,
                $"{device.Twin}: {acknowledged} was acknowledged, the grid knows {now.Number}");
            Assert.True(now.Number <= device.Attempted * device.Batch, $"{device.Twin}: {now.Number} was never sent");
            Assert.Equal(now.Number, Count(twin));
            Assert.Equal(now.Number, twin.Number(NumberedDevice.Telemetry));
            Assert.Equal(now.Number, twin.Counter("readings") - twin.Counter("duplicates"));
            Assert.Equal(0, twin.Counter("late"));
            Assert.Equal(0, twin.Counter("restarts"));
            Assert.Equal(0, twin.Counter("rejected"));
            Assert.True(
                now.Revision >= _seen[device.Twin].Revision && now.Number >= _seen[device.Twin].Number,
                $"{device.Twin}: {_seen[device.Twin]} was visible before the kill, now it is {now}");
            _seen[device.Twin] = now;
        }
    }

    /// <summary>The history of each twin is every reading from the first to the newest, each once, in order.</summary>
    public async Task CheckHistoryAsync(SiloProcess silo)
    {
        foreach (NumberedDevice device in devices)
        {
            long number = 0;
            double from = 1e12;
            JsonElement[] page;
            do
            {
                string query = string.Create(
                    CultureInfo.InvariantCulture, $"telemetry={NumberedDevice.Telemetry}&limit=20000&from={from:F3}");
                JsonElement history = await silo.Api.GetAsync($"/api/v1/twins/{device.Twin}/history?{query}");
                page = history.GetProperty("telemetry").TryGetProperty(NumberedDevice.Telemetry, out JsonElement told)
                    ? [.. told.EnumerateArray()]
                    : [];
                foreach (JsonElement reading in page)
                {
                    Assert.Equal(++number, reading[1].GetDouble());
                    from = reading[0].GetDouble() + 0.001;
                }
            }
            while (page.Length > 0);
            Assert.Equal(_seen[device.Twin].Number, number);
        }
    }

    // One row for each revision, without a gap, up to what the API shows at least: a device's going adds one unseen.
    // Where a silo lived long enough the oldest are sealed and gone from the log; verify follows those.
    /// <summary>Judges the log as it lies on the disk.</summary>
    public void CheckLog(IReadOnlyDictionary<string, IReadOnlyList<long>> log)
    {
        foreach (NumberedDevice device in devices)
        {
            IReadOnlyList<long> revisions = log[device.Twin];
            Assert.Equal(Enumerable.Range((int)revisions[0], revisions.Count).Select(static i => (long)i), revisions);
            Assert.True(revisions[^1] >= _seen[device.Twin].Revision, $"{device.Twin}: {revisions[^1]} in the log");
        }
    }

    /// <summary>Sends what is not acknowledged yet, and a hundred more.</summary>
    public async Task FinishAsync(SiloProcess silo)
    {
        using var stop = new CancellationTokenSource();
        long goal = devices.Sum(static d => d.Attempted) + 100;
        Task[] running = [.. devices.Select(d => d.RunAsync(silo.MqttPort, stop.Token))];
        await Eventually.HoldsAsync("the last messages", () => devices.Sum(static d => (long)d.Acknowledged) >= goal);
        await stop.CancelAsync();
        await Task.WhenAll(running);
        Assert.All(devices, static device => Assert.Equal(device.Attempted, device.Acknowledged));
    }

    private static long Count(JsonElement twin) =>
        twin.Telemetry(NumberedDevice.Telemetry)!.Value.GetProperty("count").GetInt64();

    private sealed record Seen(long Revision, long Number)
    {
        public static Seen Of(JsonElement twin) =>
            new(twin.GetProperty("revision").GetInt64(), twin.Source("sim")?.GetProperty("seq").GetInt64() ?? 0);
    }
}
