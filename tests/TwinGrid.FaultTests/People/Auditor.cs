using System.Globalization;
using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests;
using TwinGrid.FaultTests.Checking;

namespace TwinGrid.FaultTests.People;

/// <summary>Looks at every twin when all is over: how it stands, and what its history adds up to.</summary>
internal sealed class Auditor(Uri silo) : IDisposable
{
    private const int Page = 100_000;

    private readonly HttpClient _http = new() { BaseAddress = silo, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>How a twin stands; null where the grid does not know it.</summary>
    public async Task<FinalTwin?> LookAsync(string twin)
    {
        TwinView? view = await Eventually.SeeAsync(
            $"{twin} to be read as durable", () => ReadAsync(twin), static seen => seen is null or { Durable: true });
        if (view is null)
        {
            return null;
        }

        (long count, long sum) = await AddUpAsync(twin);
        return view.ToFinal() with { HistoryCount = count, HistorySum = sum };
    }

    public void Dispose() => _http.Dispose();

    private async Task<TwinView?> ReadAsync(string twin)
    {
        using HttpResponseMessage answer = await _http.GetAsync($"/api/v1/twins/{twin}");
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await using Stream body = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
        return await TwinView.ReadAsync(body, CancellationToken.None);
    }

    // A page begins at the last time of the one before it, which is seen once more and counts once.
    private async Task<(long Count, long Sum)> AddUpAsync(string twin)
    {
        long count = 0;
        long sum = 0;
        double from = double.MinValue;
        HashSet<long> atFrom = [];
        bool isComplete;
        do
        {
            string query = from == double.MinValue
                ? ""
                : "&from=" + DateTimeOffset.UnixEpoch.AddMicroseconds(Math.Round(from * 1000))
                    .ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
            using JsonDocument page = JsonDocument.Parse(await _http.GetStringAsync(
                $"/api/v1/twins/{twin}/history?telemetry=v&limit={Page}{query}"));
            isComplete = page.RootElement.GetProperty("complete").GetBoolean();
            if (!page.RootElement.GetProperty("telemetry").TryGetProperty("v", out JsonElement readings))
            {
                break;
            }

            foreach (JsonElement reading in readings.EnumerateArray())
            {
                double time = reading[0].GetDouble();
                long value = (long)reading[1].GetDouble();
                if (time > from)
                {
                    (from, atFrom) = (time, []);
                }
                else if (atFrom.Contains(value))
                {
                    continue;
                }

                atFrom.Add(value);
                count++;
                sum += value;
            }
        }
        while (!isComplete);
        return (count, sum);
    }
}
