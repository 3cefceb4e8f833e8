using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Core.Internal;
using TwinGrid.Client;
using TwinGrid.Twins.History;

namespace TwinGrid.Tests.Hosting;

/// <summary>History and as-of over HTTP and the client, against a real server.</summary>
public sealed class HistoryTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private static readonly DateTimeOffset Yesterday = new(DateTime.UtcNow.Date.AddDays(-1), TimeSpan.Zero);

    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task Everything_that_was_acknowledged_is_read_sealed_or_not()
    {
        for (int i = 0; i < 40; i++)
        {
            await PostAsync("all", $$"""{"ts":{{Ms(i)}},"seq":{{i}},"epoch":1,"power":{{i}}.5,"state":"s{{i % 2}}"}""");
            if (i == 20)
            {
                await SealAsync("all");
            }

            JsonElement now = await HistoryAsync("all", "telemetry=power");
            Assert.Equal(i + 1, Readings(now, "power").Length);
        }

        JsonElement all = await HistoryAsync("all", "");
        Assert.Equal(["power", "state"], all.GetProperty("telemetry").EnumerateObject().Select(t => t.Name).Order());
        Assert.Equal(
            $"[{Ms(7)},7.5,\"good\",\"historical\"]", Readings(all, "power")[7].GetRawText());
        Assert.Equal("s1", Readings(all, "state")[7][1].GetString());
        Assert.True(all.GetProperty("complete").GetBoolean());
        Assert.Equal(At(0), all.GetProperty("oldest").GetDateTimeOffset());

        string end = Uri.EscapeDataString(At(12).ToString("O", CultureInfo.InvariantCulture));
        JsonElement range = await HistoryAsync("all", $"telemetry=power&from={Ms(10)}&to={end}");
        Assert.Equal([10.5, 11.5], Readings(range, "power").Select(reading => reading[1].GetDouble()));
        JsonElement cut = await HistoryAsync("all", "telemetry=power&limit=3");
        Assert.Equal(3, Readings(cut, "power").Length);
        Assert.False(cut.GetProperty("complete").GetBoolean());
        JsonElement thin = await HistoryAsync("all", "telemetry=power&maxPoints=10");
        Assert.InRange(Readings(thin, "power").Length, 3, 10);
    }

    [Fact]
    public async Task Who_follows_the_cursor_reads_every_reading_once_however_many_share_a_source_time()
    {
        // 1 reading of one moment, 7 of the next, 5 of a third that are not sealed; a slow telemetry beside them.
        string[] moments = [.. Enumerable.Range(0, 13).Select(i => $"{Ms(i == 0 ? 1 : i < 8 ? 2 : 3)}")];
        for (int i = 0; i < 13; i++)
        {
            string slow = i % 5 == 0 ? $",\"state\":\"s{i}\"" : "";
            await PostAsync("same", $$"""{"ts":{{moments[i]}},"seq":{{i}},"epoch":1,"power":{{i}}{{slow}}}""");
            if (i == 7)
            {
                await SealAsync("same");
            }
        }

        List<double> powers = [];
        List<string> states = [];
        string cursor = "";
        for (int pages = 0; pages == 0 || cursor.Length > 0; pages++)
        {
            Assert.InRange(pages, 0, 5);
            JsonElement page = await HistoryAsync("same", $"telemetry=power,state&limit=3{cursor}");
            Assert.InRange(Readings(page, "power").Length, 1, 3);
            powers.AddRange(Readings(page, "power").Select(reading => reading[1].GetDouble()));
            states.AddRange(Readings(page, "state").Select(reading => reading[1].GetString()!));
            cursor = page.TryGetProperty("cursor", out JsonElement next) ? $"&cursor={next.GetString()}" : "";
            Assert.Equal(cursor.Length == 0, page.GetProperty("complete").GetBoolean());
        }

        Assert.Equal(Enumerable.Range(0, 13).Select(i => (double)i), powers);
        Assert.Equal(["s0", "s5", "s10"], states);
    }

    [Theory]
    [InlineData("cursor=%21")]
    [InlineData("cursor=AWE_")]
    [InlineData("cursor=AWFhYWE")]
    public async Task A_cursor_of_another_listing_is_refused(string query)
    {
        await PostAsync("strange", $$"""{"ts":{{Ms(1)}},"power":1}""");
        HttpResponseMessage answer = await _http.GetAsync($"/api/v1/twins/turbine/strange/history?{query}");
        await Problem.AssertAsync(answer, 400, "bad-cursor");
    }

    [Fact]
    public async Task A_telemetry_that_nobody_sent_has_no_readings_and_no_oldest_and_the_answer_is_whole()
    {
        await PostAsync("whole", $$"""{"ts":{{Ms(1)}},"power":1}""");
        Assert.Equal(
            """{"telemetry":{"unheard":[]},"oldest":null,"complete":true}""",
            (await HistoryAsync("whole", "telemetry=unheard")).GetRawText());
    }

    [Fact]
    public async Task A_time_before_the_first_reading_is_no_time_that_is_not_kept_any_more()
    {
        await PostAsync("young", $$"""{"ts":{{Ms(1)}},"power":1}""");
        foreach (bool isSealed in (bool[])[false, true])
        {
            if (isSealed)
            {
                await SealAsync("young");
            }

            JsonElement problem = await Problem.AssertAsync(
                await _http.GetAsync($"/api/v1/twins/turbine/young?asOf={Ms(-9_999)}"), 404, "no-twin-then");
            Assert.Contains("did not exist yet", problem.GetProperty("detail").GetString());
        }

        await _http.DeleteAsync("/api/v1/twins/turbine/young?history=delete");
        await Problem.AssertAsync(
            await _http.GetAsync($"/api/v1/twins/turbine/young?asOf={Ms(-9_999)}"), 410, "not-kept");
    }

    [Fact]
    public async Task What_is_older_than_it_is_kept_is_not_shown_also_where_its_file_is_still_there()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(
            silo => silo.AddDefinition(new TwinDefinition
            {
                Kind = "brief",
                Telemetry =
                [
                    new TelemetryDefinition { Name = "power" },
                    new TelemetryDefinition { Name = "wear", Keep = TimeSpan.FromDays(1) },
                ],
            }),
            ("TwinGrid:Limits:HistoryKeep", "1h"));
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (int minutes in (int[])[180, 90, 50, 10])
        {
            string body = $$"""{"ts":{{now - (minutes * 60_000)}},"power":{{minutes}},"wear":{{minutes}}}""";
            HttpResponseMessage posted = await grid.Http.PostAsync(
                "/api/v1/twins/brief/one/telemetry", new StringContent(body));
            Assert.Equal(HttpStatusCode.NoContent, posted.StatusCode);
        }

        JsonElement both = await grid.Http.GetFromJsonAsync<JsonElement>("/api/v1/twins/brief/one/history");
        Assert.Equal([50.0, 10], Readings(both, "power").Select(reading => reading[1].GetDouble()));
        Assert.Equal([180.0, 90, 50, 10], Readings(both, "wear").Select(reading => reading[1].GetDouble()));
        JsonElement one = await grid.Http.GetFromJsonAsync<JsonElement>(
            $"/api/v1/twins/brief/one/history?telemetry=power&from={now - (20 * 60_000)}");
        Assert.Equal(10, Assert.Single(Readings(one, "power"))[1].GetDouble());
        Assert.Equal(
            now - (50 * 60_000), one.GetProperty("oldest").GetDateTimeOffset().ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task A_time_of_microseconds_comes_back_with_its_decimals()
    {
        await PostAsync("fine", $$"""{"ts":{{Ms(1)}}.125,"power":1}""");
        JsonElement all = await HistoryAsync("fine", "");
        Assert.Equal($"{Ms(1)}.125", Readings(all, "power")[0][0].GetRawText());
    }

    [Theory]
    [InlineData("from=yesterday", "/from")]
    [InlineData("to=1790000000", "/to")]
    [InlineData("limit=0", "/limit")]
    [InlineData("maxPoints=3", "/maxPoints")]
    [InlineData("telemetry=a,,b", "/telemetry")]
    [InlineData("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/to")]
    public async Task A_question_that_cannot_be_understood_is_a_problem_that_points(string query, string pointer)
    {
        HttpResponseMessage answer = await _http.GetAsync($"/api/v1/twins/turbine/x/history?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        JsonElement problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(pointer, problem.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task A_twin_is_read_as_it_was_at_a_revision_and_at_a_time()
    {
        List<string> states = [];
        for (int i = 1; i <= 30; i++)
        {
            await PostAsync("past", $$"""{"ts":{{Ms(i)}},"seq":{{i}},"epoch":1,"power":{{i}}}""");
            states.Add(await GetAsync("past", ""));
            if (i == 15)
            {
                await SealAsync("past");
            }
        }

        for (int i = 1; i <= 30; i++)
        {
            Assert.Equal(states[i - 1], await GetAsync("past", $"?asOf={i}"));
        }

        string now = DateTimeOffset.UtcNow.AddSeconds(1).ToString("O", CultureInfo.InvariantCulture);
        Assert.Equal(states[29], await GetAsync("past", $"?asOf={Uri.EscapeDataString(now)}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("past?asOf=31"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"past?asOf={Ms(-9_999)}"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("past?asOf=0"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("past?asOf=soon"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("never?asOf=1"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("never/history"));
    }

    [Fact]
    public async Task History_outlives_its_twin_until_it_is_erased()
    {
        await PostAsync("gone", $$"""{"ts":{{Ms(1)}},"power":1}""");
        await SealAsync("gone");
        await PostAsync("gone", $$"""{"ts":{{Ms(2)}},"power":2}""");
        Assert.Equal(HttpStatusCode.NoContent, (await _http.DeleteAsync("/api/v1/twins/turbine/gone")).StatusCode);
        Assert.Equal(2, Readings(await HistoryAsync("gone", ""), "power").Length);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("gone?asOf=3"));

        HttpResponseMessage erased = await _http.DeleteAsync("/api/v1/twins/turbine/gone?history=delete");
        Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
        Assert.Equal("{}", (await HistoryAsync("gone", "")).GetProperty("telemetry").GetRawText());
        Assert.Equal(HttpStatusCode.Gone, await StatusAsync("gone?asOf=2"));

        await PostAsync("gone", $$"""{"ts":{{Ms(3)}},"power":3}""");
        await SealAsync("gone");
        Assert.Equal(3, Assert.Single(Readings(await HistoryAsync("gone", ""), "power"))[1].GetDouble());
    }

    [Fact]
    public async Task A_twin_with_enough_turns_is_sealed_by_itself()
    {
        TwinId twin = new("turbine", "busy");
        ITwinIngest ingest = fixture.Grid.Services.GetRequiredService<ITwinIngest>();
        ITwinStore store = fixture.Grid.Services.GetRequiredService<ITwinStore>();
        for (int i = 1; i <= HistorySealer.ManyTurns; i++)
        {
            ReadingWriter writer = new();
            writer.BeginMessage(new MessageHeader { Received = UnixMicroseconds.From(At(i)), Seq = i, Epoch = 1 });
            writer.Number("power"u8, i);
            writer.EndMessage();
            Assert.Equal(i, (await ingest.IngestAsync(twin, writer.Written)).Revision);
        }

        await Eventually.HoldsAsync(async () =>
            (await store.ReadLogAsync(twin, CancellationToken.None))!.Sealed == HistorySealer.ManyTurns);
        Assert.Equal(HistorySealer.ManyTurns, Readings(await HistoryAsync("busy", "telemetry=power"), "power").Length);
    }

    [Fact]
    public async Task The_client_reads_history_and_twins_as_they_were()
    {
        for (int i = 1; i <= 5; i++)
        {
            await PostAsync("told", $$"""{"ts":{{Ms(i)}},"power":{{i}}}""");
        }

        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.AddTwinGridClient(options => options.Gateways = [$"127.0.0.1:{fixture.Grid.GatewayPort}"]);
        using IHost service = builder.Build();
        await service.StartAsync();
        TwinHandle twin = service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/told");

        HistoryPage page = (await twin.GetHistoryAsync(new HistoryQuery { Telemetry = ["power"], From = At(2) }))!;
        Assert.Equal([2.0, 3, 4, 5], page.Telemetry["power"].Select(reading => reading.Value.Number));
        Assert.Equal(3, (await twin.GetAsOfAsync(3))!.Snapshot!.Telemetry["power"].Value.Number);
        Assert.Equal(5, (await twin.GetAsOfAsync(DateTimeOffset.UtcNow.AddMinutes(1)))!.Snapshot!.Revision);
        PastTwin before = (await twin.GetAsOfAsync(DateTimeOffset.UnixEpoch.AddYears(20)))!;
        Assert.Equal((null, true), (before.Snapshot, before.IsKept));
        Assert.Null(await service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/none").GetHistoryAsync());
        await service.StopAsync();
    }

    private static DateTimeOffset At(double seconds) => Yesterday.AddSeconds(seconds);

    private static long Ms(double seconds) => At(seconds).ToUnixTimeMilliseconds();

    private async Task PostAsync(string key, string body) =>
        (await _http.PostAsync($"/api/v1/twins/turbine/{key}/telemetry", new StringContent(body, Encoding.UTF8)))
            .EnsureSuccessStatusCode();

    private async Task<JsonElement> HistoryAsync(string key, string query) =>
        await _http.GetFromJsonAsync<JsonElement>($"/api/v1/twins/turbine/{key}/history?{query}");

    private static JsonElement[] Readings(JsonElement page, string telemetry) =>
        [.. page.GetProperty("telemetry").GetProperty(telemetry).EnumerateArray()];

    private async Task<HttpStatusCode> StatusAsync(string path) =>
        (await _http.GetAsync($"/api/v1/twins/turbine/{path}")).StatusCode;

    private async Task<string> GetAsync(string key, string query) =>
        await _http.GetStringAsync($"/api/v1/twins/turbine/{key}{query}");

    // What the silo does by itself after 1,024 turns: here the activation goes, and its snapshot is sealed.
    private async Task SealAsync(string key)
    {
        TwinId twin = new("turbine", key);
        IGrainFactory grains = fixture.Grid.Services.GetRequiredService<IGrainFactory>();
        ITwinStore store = fixture.Grid.Services.GetRequiredService<ITwinStore>();
        await grains.GetGrain<ITwin>(twin.ToGrainKey()).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await Eventually.HoldsAsync(async () =>
        {
            StoredLog log = (await store.ReadLogAsync(twin, CancellationToken.None))!;
            return log.Snapshot?.Revision == log.Head;
        });
        Assert.True(await fixture.Grid.Services.GetRequiredService<HistorySealer>()
            .SealAsync(twin, 1, CancellationToken.None));
        StoredLog after = (await store.ReadLogAsync(twin, CancellationToken.None))!;
        Assert.Equal(after.Head, after.Sealed);
    }
}
