using System.Net;
using System.Text.Json;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>Asks the grid for what it acknowledged: how many readings each twin has applied.</summary>
internal sealed class LossCheck(Uri api) : IDisposable
{
    private const int AtOnce = 8;

    private readonly HttpClient _http = new() { BaseAddress = api, Timeout = TimeSpan.FromSeconds(30) };
    private long[] _before = [];

    /// <summary>Remembers what was there before.</summary>
    public async Task BeginAsync(LoadDevice[] devices) => _before = await CountAsync(devices);

    /// <summary>Counts the messages that were acknowledged and that the grid does not know.</summary>
    public async Task<long> EndAsync(LoadDevice[] devices)
    {
        long[] after = await CountAsync(devices);
        return devices.Select((device, i) => Math.Max(0, device.Acknowledged - (after[i] - _before[i]))).Sum();
    }

    public void Dispose() => _http.Dispose();

    /// <summary>How many messages of each device the grid knows.</summary>
    public async Task<long[]> CountAsync(LoadDevice[] devices)
    {
        var counts = new long[devices.Length];
        await Parallel.ForAsync(
            0,
            devices.Length,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, cancellationToken) => counts[i] = await CountAsync(devices[i].Twin, cancellationToken));
        return counts;
    }

    private async Task<long> CountAsync(string twin, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await _http.GetAsync(
            new Uri($"/api/v1/twins/{twin}", UriKind.Relative), cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return 0;
        }

        answer.EnsureSuccessStatusCode();
        using JsonDocument body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        return body.RootElement.GetProperty("telemetry").TryGetProperty(LoadDevice.FirstTelemetry, out JsonElement live)
            ? live.GetProperty("count").GetInt64()
            : 0;
    }
}
