using System.Net.ServerSentEvents;
using System.Text.Json;

namespace TwinGrid.ClusterTests.Watching;

/// <summary>
/// A watcher as a browser's EventSource is one: it connects again and again, and says which event was its last.
/// </summary>
internal sealed class SseWatcher(string twin)
{
    private readonly List<string> _seen = [];

    /// <summary>Every event, such as <c>change 5</c>.</summary>
    public IReadOnlyList<string> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    /// <summary>The revision of its last event; 0 before the first.</summary>
    public long Last { get; set; }

    /// <summary>How often it connected.</summary>
    public int Connections { get; private set; }

    /// <summary>Watches until the stream breaks or the test has enough.</summary>
    public async Task RunAsync(Uri web, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = web };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/twins/{twin}/watch");
        if (Last > 0)
        {
            request.Headers.Add("Last-Event-ID", $"{Last}");
        }

        try
        {
            using HttpResponseMessage response =
                await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            response.EnsureSuccessStatusCode();
            Connections++;
            await using Stream body = await response.Content.ReadAsStreamAsync(stop);
            await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync(stop))
            {
                Take(item);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The silo is gone, or the test has enough.
            return;
        }
    }

    private void Take(SseItem<string> item)
    {
        // A revision only counts when its data came whole.
        JsonElement data = JsonDocument.Parse(item.Data).RootElement;
        if (item.EventId is { Length: > 0 } id)
        {
            Assert.Equal(long.Parse(id, null), data.GetProperty("revision").GetInt64());
            Last = long.Parse(id, null);
        }

        lock (_seen)
        {
            _seen.Add($"{item.EventType} {item.EventId}");
        }
    }
}
