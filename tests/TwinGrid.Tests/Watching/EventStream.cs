using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Tests.Watching;

/// <summary>A watcher over HTTP: server-sent events as the parser of .NET reads them.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private EventStream(HttpResponseMessage response, Stream body)
    {
        _response = response;
        SseParser<string> parser = SseParser.Create(body);
        Parser = parser;
        _events = parser.EnumerateAsync(_deadline.Token).GetAsyncEnumerator();
    }

    public SseParser<string> Parser { get; }

    public HttpResponseMessage Response => _response;

    /// <summary>The twin as the events make it.</summary>
    public JsonObject Document { get; private set; } = new();

    public static async Task<EventStream> OpenAsync(
        HttpClient http, string twin, string query = "", string? lastEventId = null)
    {
        HttpRequestMessage request = new(HttpMethod.Get, $"/api/v1/twins/{twin}/watch{query}");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event as words, such as <c>change 5</c>; null at the end of the stream.</summary>
    public async Task<string?> NextAsync()
    {
        if (!await _events.MoveNextAsync())
        {
            return null;
        }

        SseItem<string> item = _events.Current;
        JsonObject data = (JsonObject)JsonNode.Parse(item.Data)!;
        switch (item.EventType)
        {
            case "snapshot":
                Document = data;
                break;
            case "change":
                Assert.Equal(item.EventId, $"{data["revision"]}");
                JsonMergePatch.Apply(Document, data);
                break;
        }

        return item.EventType == "gap"
            ? $"gap {data["from"]}-{data["to"]} without id {string.IsNullOrEmpty(item.EventId)}"
            : $"{item.EventType} {item.EventId}";
    }

    /// <summary>Reads on until an event; all that came, that one too.</summary>
    public async Task<List<string>> UntilAsync(string last)
    {
        List<string> seen = [];
        while (seen.Count == 0 || seen[^1] != last)
        {
            seen.Add(await NextAsync() ?? throw new EndOfStreamException(string.Join(", ", seen)));
        }

        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        _response.Dispose();
        try
        {
            await _events.DisposeAsync();
        }
        finally
        {
            _deadline.Dispose();
        }
    }
}
