using System.Diagnostics;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Threading.Channels;
using HdrHistogram;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>
/// A device at the broker and a watcher of its twin at the grid: one reading after the other, from the publishing to
/// the moment when the watcher sees it committed.
/// </summary>
internal sealed class BridgeProbe(Uri broker, Uri api) : IDisposable
{
    private const string Key = "probe";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan SeenWithin = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new() { BaseAddress = api };
    private readonly IMqttClient _device = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<double> _seen = Channel.CreateUnbounded<double>();
    private int _number;

    /// <summary>Measures for a time.</summary>
    public async Task<LongHistogram> MeasureAsync(TimeSpan time)
    {
        await _device.ConnectAsync(new MqttClientOptionsBuilder()
            .WithTcpServer(broker.Host, broker.Port).WithClientId(Key).Build());
        LongHistogram latencies = LoadTally.NewHistogram();
        using var stop = new CancellationTokenSource();
        await PublishAsync();
        Task watching = WatchAsync(stop.Token);
        await SeeAsync();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            await Task.Delay(Pause);
            long from = Stopwatch.GetTimestamp();
            await PublishAsync();
            await SeeAsync();
            LoadTally.Record(latencies, Stopwatch.GetTimestamp() - from);
        }

        await stop.CancelAsync();
        await watching;
        await _device.DisconnectAsync();
        return latencies;
    }

    public void Dispose()
    {
        _http.Dispose();
        _device.Dispose();
    }

    private Task PublishAsync() => _device.PublishAsync(new MqttApplicationMessageBuilder()
        .WithTopic($"twins/{LoadKind.Name}/{Key}/telemetry/{LoadDevice.FirstTelemetry}").WithPayload($"{++_number}")
        .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build());

    private async Task SeeAsync()
    {
        using var patience = new CancellationTokenSource(SeenWithin);
        while (await _seen.Reader.ReadAsync(patience.Token) != _number)
        {
            // An older one, from before this began.
        }
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        var path = new Uri($"/api/v1/twins/{LoadKind.Name}/{Key}/watch", UriKind.Relative);
        try
        {
            using HttpResponseMessage answer = await OpenAsync(path, stop);
            await using Stream body = await answer.Content.ReadAsStreamAsync(stop);
            await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync(stop))
            {
                using JsonDocument change = JsonDocument.Parse(item.Data);
                if (change.RootElement.TryGetProperty("telemetry", out JsonElement telemetry)
                    && telemetry.TryGetProperty(LoadDevice.FirstTelemetry, out JsonElement live))
                {
                    _seen.Writer.TryWrite(live.GetProperty("value").GetDouble());
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough.
        }
        catch (Exception e)
        {
            _seen.Writer.TryComplete(e);
        }
    }

    // The twin is there once its first reading came through.
    private async Task<HttpResponseMessage> OpenAsync(Uri path, CancellationToken stop)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            HttpResponseMessage answer = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, stop);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            answer.Dispose();
            await Task.Delay(Pause, stop);
        }
    }
}
