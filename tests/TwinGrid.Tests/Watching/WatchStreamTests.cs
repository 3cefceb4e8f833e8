using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TwinGrid.Tests.Hosting;

namespace TwinGrid.Tests.Watching;

/// <summary>Watching by server-sent events, over real sockets to a real grid.</summary>
public sealed class WatchStreamTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task A_watcher_gets_the_twin_and_then_each_change_under_its_revision()
    {
        await PostAsync("watched", """{"power":1}""");
        await using EventStream stream = await EventStream.OpenAsync(_http, "turbine/watched");
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("snapshot 1", await stream.NextAsync());
        await PostAsync("watched", """{"power":2}""");
        Assert.Equal("change 2", await stream.NextAsync());
        await PostAsync("watched", """{"bearingTemperature":90}""");
        Assert.Equal("change 3", await stream.NextAsync());
        Assert.Equal(TimeSpan.FromSeconds(1), stream.Parser.ReconnectionInterval);

        Assert.Equal("overheat", (string?)stream.Document["alarms"]![0]!["name"]);
        JsonObject twin = (JsonObject)JsonNode.Parse(await _http.GetStringAsync("/api/v1/twins/turbine/watched"))!;
        Assert.True(JsonNode.DeepEquals(WithoutNulls(twin), WithoutNulls(stream.Document)), $"{stream.Document}");
    }

    [Fact]
    public async Task A_watcher_that_connects_again_goes_on_after_its_last_event()
    {
        for (int i = 1; i <= 6; i++)
        {
            await PostAsync("again", $$"""{"power":{{i}}}""");
        }

        await using EventStream header = await EventStream.OpenAsync(_http, "turbine/again", lastEventId: "3");
        Assert.Equal(["change 4", "change 5", "change 6"], await header.UntilAsync("change 6"));
        await using EventStream query = await EventStream.OpenAsync(_http, "turbine/again", "?lastEventId=4");
        Assert.Equal(["change 5", "change 6"], await query.UntilAsync("change 6"));
        await using EventStream both = await EventStream.OpenAsync(
            _http, "turbine/again", "?lastEventId=1", lastEventId: "5");
        Assert.Equal(["change 6"], await both.UntilAsync("change 6"));
        await PostAsync("again", """{"power":7}""");
        Assert.Equal(
            ["change 7", "change 7", "change 7"],
            [await header.NextAsync(), await query.NextAsync(), await both.NextAsync()]);
    }

    [Fact]
    public async Task A_watcher_that_comes_back_late_is_told_what_was_before_the_newest_snapshot()
    {
        // A snapshot is written every 256 turns.
        for (int i = 1; i <= 300; i++)
        {
            await PostAsync("late", $$"""{"power":{{i}}}""");
        }

        await using EventStream stream = await EventStream.OpenAsync(_http, "turbine/late", lastEventId: "2");
        Assert.Equal(
            Enumerable.Range(3, 298).Select(revision => $"change {revision}"), await stream.UntilAsync("change 300"));
        Assert.Equal(300, (int)stream.Document["telemetry"]!["power"]!["value"]!);
    }

    [Fact]
    public async Task A_write_of_desired_properties_and_a_command_are_changes_too()
    {
        await PostAsync("busy", """{"power":1}""");
        await using EventStream stream = await EventStream.OpenAsync(_http, "turbine/busy");
        await stream.NextAsync();
        await _http.PatchAsync(
            "/api/v1/twins/turbine/busy/properties/desired", new StringContent("{\n  \"powerLimit\": 5\n}",
            Encoding.UTF8, "application/merge-patch+json"));
        Assert.Equal("change 2", await stream.NextAsync());
        Assert.Equal(5, (int)stream.Document["properties"]!["desired"]!["powerLimit"]!);
        await _http.PostAsync(
            "/api/v1/twins/turbine/busy/commands/derate", new StringContent("{\n\r \"limit\":\n0.5}"));
        Assert.Equal("change 3", await stream.NextAsync());
        Assert.Equal(0.5, (double)stream.Document["commands"]![0]!["args"]!["limit"]!);
    }

    [Fact]
    public async Task A_twin_that_is_deleted_ends_the_stream()
    {
        await PostAsync("mortal", """{"power":1}""");
        await using EventStream stream = await EventStream.OpenAsync(_http, "turbine/mortal");
        await stream.NextAsync();
        await _http.DeleteAsync("/api/v1/twins/turbine/mortal");
        Assert.Equal("deleted 2", await stream.NextAsync());
        Assert.Null(await stream.NextAsync());
    }

    [Theory]
    [InlineData("turbine/nobody", "", 404, "unknown-twin")]
    [InlineData("turbine/nobody", "?lastEventId=5", 404, "unknown-twin")]
    [InlineData("turbine/nobody", "?lastEventId=five", 400, "bad-last-event-id")]
    [InlineData("turbine/nobody", "?lastEventId=-1", 400, "bad-last-event-id")]
    [InlineData("turbine/a%20b", "", 400, "bad-id")]
    public async Task What_cannot_be_watched_is_a_problem(string twin, string query, int status, string code) =>
        await Problem.AssertAsync(await _http.GetAsync($"/api/v1/twins/{twin}/watch{query}"), status, code);

    [Fact]
    public async Task The_line_with_curl_shows_the_twin()
    {
        await PostAsync("curled", """{"power":1}""");
        string line = $"curl -sSN --max-time 3 {fixture.Grid.Web}api/v1/twins/turbine/curled/watch || test $? = 28";
        string text = await Shell.RunAsync(line, needs: "curl");
        Assert.StartsWith("retry: 1000\n\nid: 1\nevent: snapshot\ndata: {\"id\":\"turbine/curled\",", text);
        Assert.EndsWith("}\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_on_which_nothing_happens_says_so_every_15_seconds()
    {
        await PostAsync("still", """{"power":1}""");
        using HttpResponseMessage response = await _http.GetAsync(
            "/api/v1/twins/turbine/still/watch?lastEventId=1", HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        List<string> comments = [];
        while (comments.Count < 2)
        {
            string line = (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)))!;
            Assert.Contains(line, (string[])["retry: 1000", "", ":"]);
            if (line == ":")
            {
                comments.Add(line);
            }
        }
    }

    [Fact]
    public async Task Watchers_over_the_limits_are_told_to_come_later()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(
            null, ("TwinGrid:Limits:Watchers", "3"), ("TwinGrid:Limits:WatchersPerTwin", "2"));
        foreach (string key in (string[])["a", "b"])
        {
            await grid.Http.PostAsync($"/api/v1/twins/demo/{key}/telemetry/t", new StringContent("1"));
        }

        EventStream first = await EventStream.OpenAsync(grid.Http, "demo/a");
        await using EventStream second = await EventStream.OpenAsync(grid.Http, "demo/a");
        await Problem.AssertAsync(await grid.Http.GetAsync("/api/v1/twins/demo/a/watch"), 429, "too-many");
        await using EventStream third = await EventStream.OpenAsync(grid.Http, "demo/b");
        await Problem.AssertAsync(await grid.Http.GetAsync("/api/v1/twins/demo/b/watch"), 503, "too-many-watchers");

        await first.DisposeAsync();
        await Eventually.HoldsAsync(async () =>
        {
            HttpResponseMessage answer = await grid.Http.GetAsync(
                "/api/v1/twins/demo/b/watch", HttpCompletionOption.ResponseHeadersRead);
            return answer.IsSuccessStatusCode;
        });
    }

    [Fact]
    public async Task A_watcher_that_stalls_holds_up_nobody_and_is_told_of_its_gap_when_it_reads_again()
    {
        await _http.PostAsync("/api/v1/twins/free/stalled/telemetry/t", new StringContent("1"));
        using Socket socket = await StalledAsync(fixture.Grid, "free/stalled");

        // Each change is of 15,000 characters, together 9 MB: far more than sockets and the grid keep for a watcher.
        const int Changes = 600;
        await AskForAsync(_http, "free/stalled", Changes);

        List<string> events = await EventsUntilAsync(socket, $"id: {Changes + 1}");
        int gap = events.FindIndex(line => line == "event: gap");
        Assert.True(
            gap > 0,
            "no gap in " + string.Join(", ", events.Where(line => !line.StartsWith('d')).Take(40))
            + $" of {events.Count} lines");
        JsonElement missed = JsonDocument.Parse(events[gap + 1]["data: ".Length..]).RootElement;
        long before = long.Parse(events[..gap].Last(line => line.StartsWith("id: ", StringComparison.Ordinal))[4..],
            CultureInfo.InvariantCulture);
        Assert.Equal(before + 1, missed.GetProperty("from").GetInt64());
        Assert.Equal($"id: {missed.GetProperty("to").GetInt64()}", events[gap + 2]);
        Assert.Equal("event: snapshot", events[gap + 3]);
        Assert.InRange(events.Count(line => line == "event: change"), 1, Changes / 2);
    }

    [Fact]
    public async Task A_grid_stops_in_time_while_it_is_watched_also_by_one_that_stalls()
    {
        RunningGrid grid = await RunningGrid.StartAsync();
        await grid.Http.PostAsync("/api/v1/twins/demo/a/telemetry/t", new StringContent("1"));
        EventStream idle = await EventStream.OpenAsync(grid.Http, "demo/a");
        await idle.NextAsync();
        using Socket stalled = await StalledAsync(grid, "demo/a");
        await AskForAsync(grid.Http, "demo/a", 400);

        Task<bool> ended = EndsAsync(idle);
        long start = TimeProvider.System.GetTimestamp();
        await grid.DisposeAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0, 10);
        Assert.True(await ended);
    }

    // A watcher that reads nothing.
    private static async Task<Socket> StalledAsync(RunningGrid grid, string twin)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = 4_096,
        };
        await socket.ConnectAsync(grid.Web.Host, grid.Web.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v1/twins/{twin}/watch HTTP/1.0\r\nHost: localhost\r\n\r\n"));
        return socket;
    }

    private static async Task AskForAsync(HttpClient http, string twin, int times)
    {
        string text = new('x', 15_000);
        for (int i = 1; i <= times; i++)
        {
            HttpResponseMessage answer = await http.PatchAsync(
                $"/api/v1/twins/{twin}/properties/desired", new StringContent(
                    $$"""{"text":"{{i}} {{text}}"}""", Encoding.UTF8, "application/merge-patch+json"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    // Null and absent are the same to a merge patch.
    private static JsonObject WithoutNulls(JsonObject document)
    {
        JsonObject without = new();
        JsonMergePatch.Apply(without, document);
        return without;
    }

    private static async Task<bool> EndsAsync(EventStream stream)
    {
        try
        {
            while (await stream.NextAsync() is not null)
            {
                // What was told before the end.
                continue;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException)
        {
            // Cut off: an end too.
            return true;
        }

        return true;
    }

    private static async Task<List<string>> EventsUntilAsync(Socket socket, string last)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        await using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream);
        List<string> lines = [];
        while (lines.Count < 2 || lines[^2] != last)
        {
            string line = await reader.ReadLineAsync(deadline.Token) ?? throw new EndOfStreamException();

            // In front of the events stands the header of HTTP.
            if (line.StartsWith("id: ", StringComparison.Ordinal)
                || line.StartsWith("event: ", StringComparison.Ordinal)
                || line.StartsWith("data: ", StringComparison.Ordinal))
            {
                lines.Add(line);
            }
        }

        return lines;
    }

    private Task<HttpResponseMessage> PostAsync(string key, string body) =>
        _http.PostAsync($"/api/v1/twins/turbine/{key}/telemetry", new StringContent(body));
}
