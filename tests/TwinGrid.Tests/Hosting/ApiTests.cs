using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Hosting;

/// <summary>Twins and readings over HTTP, against a real server: status, shape, and problems (RFC 9457).</summary>
public sealed class ApiTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task A_reading_makes_a_twin_that_can_be_read_and_listed()
    {
        HttpResponseMessage posted = await PostAsync("/api/v1/twins/walk/one/telemetry", """{"temperature":21.5}""");
        Assert.Equal(HttpStatusCode.NoContent, posted.StatusCode);

        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/walk/one");
        Assert.Equal("walk/one", twin.GetProperty("id").GetString());
        Assert.Equal(21.5, twin.GetProperty("telemetry").GetProperty("temperature").GetProperty("value").GetDouble());

        JsonElement page = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=walk");
        JsonElement item = Assert.Single(page.GetProperty("items").EnumerateArray());
        Assert.Equal("walk/one", item.GetProperty("id").GetString());
        Assert.False(page.TryGetProperty("cursor", out _));
    }

    [Fact]
    public async Task A_twin_has_every_member_of_the_contract_also_where_nothing_is_known()
    {
        await PostAsync("/api/v1/twins/shape/one/telemetry", """{"temperature":21.5,"source":"a","seq":1,"epoch":1}""");

        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/shape/one");

        AssertMembers(
            twin, "id", "kind", "interface", "modelled", "revision", "online", "lastSeenAt", "telemetry", "properties",
            "predictions", "alarms", "sources", "counters", "durable");
        AssertMembers(
            twin.GetProperty("telemetry").GetProperty("temperature"),
            "value", "sourceTime", "receivedTime", "quality", "unit", "count");
        AssertMembers(twin.GetProperty("properties"), "reported", "desired");
        AssertMembers(twin.GetProperty("sources")[0], "source", "epoch", "seq", "clockOffset");
        AssertMembers(
            twin.GetProperty("counters"), "readings", "duplicates", "late", "historical", "rejected", "restarts");
        JsonElement page = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=shape");
        AssertMembers(page.GetProperty("items")[0], "id", "kind", "revision", "lastReadingAt", "online");
    }

    [Fact]
    public async Task The_line_with_curl_works_verbatim()
    {
        string line = $"curl -sS -o /dev/null -w %{{http_code}} -d 21.5 "
            + $"{fixture.Grid.Web}api/v1/twins/curl/one/telemetry/temperature";
        Assert.Equal("204", await Shell.RunAsync(line, needs: "curl"));

        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/curl/one");
        Assert.Equal(21.5, twin.GetProperty("telemetry").GetProperty("temperature").GetProperty("value").GetDouble());
    }

    [Fact]
    public async Task A_twin_that_was_not_changed_is_not_sent_again()
    {
        await PostAsync("/api/v1/twins/tag/one/telemetry", """{"temperature":21.5}""");
        HttpResponseMessage first = await _http.GetAsync("/api/v1/twins/tag/one");

        HttpRequestMessage again = new(HttpMethod.Get, "/api/v1/twins/tag/one");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await _http.SendAsync(again)).StatusCode);

        await PostAsync("/api/v1/twins/tag/one/telemetry", """{"temperature":22}""");
        HttpRequestMessage changed = new(HttpMethod.Get, "/api/v1/twins/tag/one");
        changed.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        Assert.Equal(HttpStatusCode.OK, (await _http.SendAsync(changed)).StatusCode);
    }

    [Fact]
    public async Task A_deleted_twin_is_gone_and_begins_anew()
    {
        await PostAsync("/api/v1/twins/mortal/one/telemetry", """{"temperature":21.5}""");

        Assert.Equal(HttpStatusCode.NoContent, (await _http.DeleteAsync("/api/v1/twins/mortal/one")).StatusCode);
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/twins/mortal/one"), 404, "unknown-twin");
        await Problem.AssertAsync(await _http.DeleteAsync("/api/v1/twins/mortal/one"), 404, "unknown-twin");

        await PostAsync("/api/v1/twins/mortal/one/telemetry", """{"pressure":1}""");
        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/mortal/one");
        Assert.False(twin.GetProperty("telemetry").TryGetProperty("temperature", out _));
        HttpResponseMessage erased = await _http.DeleteAsync("/api/v1/twins/mortal/one?history=delete");
        Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
    }

    [Fact]
    public async Task A_listing_comes_in_pages_in_the_order_of_ids_and_the_last_has_no_cursor()
    {
        foreach (string key in (string[])["c", "a", "e", "b", "d"])
        {
            await PostAsync($"/api/v1/twins/paged/{key}/telemetry", """{"temperature":21.5}""");
        }

        List<string> seen = [];
        List<int> sizes = [];
        string query = "";
        do
        {
            JsonElement page = await _http.GetFromJsonAsync<JsonElement>($"/api/v1/twins?kind=paged&limit=2{query}");
            string[] ids =
                [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];
            seen.AddRange(ids);
            sizes.Add(ids.Length);
            query = page.TryGetProperty("cursor", out JsonElement cursor) ? $"&cursor={cursor.GetString()}" : "";
        }
        while (query.Length != 0);

        Assert.Equal(["paged/a", "paged/b", "paged/c", "paged/d", "paged/e"], seen);
        Assert.Equal([2, 2, 1], sizes);
    }

    [Fact]
    public async Task Looking_does_not_create()
    {
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/twins/looked/at"), 404, "unknown-twin");
        JsonElement page = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=looked");
        Assert.Empty(page.GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData("?limit=0", "bad-limit")]
    [InlineData("?limit=1001", "bad-limit")]
    [InlineData("?limit=-1", "bad-limit")]
    [InlineData("?limit=ten", "bad-limit")]
    [InlineData("?cursor=", "bad-cursor")]
    [InlineData("?cursor=%21%21", "bad-cursor")]
    [InlineData("?cursor=AAAA", "bad-cursor")]
    [InlineData("?cursor=AWE_", "bad-cursor")]
    [InlineData("?kind=..", "bad-id")]
    [InlineData("?kind=a%2Fb", "bad-id")]
    public async Task A_wrong_parameter_of_a_listing_is_a_bad_request(string query, string code) =>
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/twins" + query), 400, code);

    [Theory]
    [InlineData("a%2Fb/c")]
    [InlineData("%2e%2e/c")]
    [InlineData("../c")]
    [InlineData("a/%00")]
    [InlineData("a%20b/c")]
    [InlineData("%E2%80%AE/c")]
    [InlineData("a/%3Cscript%3E")]
    public async Task A_hostile_id_is_refused(string id)
    {
        Uri uri = new(
            $"{fixture.Grid.Web}api/v1/twins/{id}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

        HttpResponseMessage answer = await _http.GetAsync(uri);

        Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.BadRequest, HttpStatusCode.NotFound]);
    }

    [Theory]
    [InlineData(129)]
    [InlineData(8_192)]
    public async Task An_id_that_is_too_long_is_refused(int length) => await Problem.AssertAsync(
        await _http.GetAsync($"/api/v1/twins/long/{new string('k', length)}"), 400, "bad-id");

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{\"t\":1}{\"t\":2}")]
    [InlineData("{\"t\":1,\"t\":2}")]
    public async Task A_malformed_body_is_a_bad_request_and_makes_no_twin(string body)
    {
        HttpResponseMessage answer = await PostAsync("/api/v1/twins/malformed/one/telemetry", body);
        await Problem.AssertAsync(answer, 400, "malformed-telemetry");
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/api/v1/twins/malformed/one")).StatusCode);
    }

    [Fact]
    public async Task Readings_of_which_none_can_be_used_are_answered_with_each_outcome()
    {
        await PostAsync("/api/v1/twins/turbine/strict/telemetry", """{"power":100}""");

        HttpResponseMessage answer = await PostAsync(
            "/api/v1/twins/turbine/strict/telemetry", """{"bearingTemperature":5000,"power":"much"}""");

        JsonElement problem = await Problem.AssertAsync(answer, 422, "unusable-readings");
        JsonElement[] errors = [.. problem.GetProperty("errors").EnumerateArray()];
        Assert.Equal(
            ["/bearingTemperature outOfRange", "/power wrongType"],
            errors.Select(error => $"{error.GetProperty("pointer")} {error.GetProperty("outcome")}").Order());
        Assert.All(errors, error => Assert.NotEmpty(error.GetProperty("detail").GetString()!));
    }

    [Fact]
    public async Task Of_readings_of_which_some_can_be_used_the_others_are_dead_letters()
    {
        HttpResponseMessage answer = await PostAsync(
            "/api/v1/twins/turbine/partly/telemetry", """{"values":{"bearingTemperature":5000,"power":100}}""");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(
            "\"bearingTemperature\";reason=out-of-range",
            Assert.Single(answer.Headers.GetValues("TwinGrid-Dropped")));

        JsonElement letters = await _http.GetFromJsonAsync<JsonElement>("/api/v1/deadletters?limit=1000");
        JsonElement letter = Assert.Single(
            letters.GetProperty("items").EnumerateArray(),
            item => item.GetProperty("topic").GetString() == "/api/v1/twins/turbine/partly/telemetry");
        Assert.Equal("out-of-range", letter.GetProperty("reason").GetString());
        Assert.Contains("bearingTemperature", letter.GetProperty("detail").GetString());
        Assert.Contains("5000", letter.GetProperty("sample").GetString());
    }

    [Fact]
    public async Task Readings_that_were_all_used_are_answered_without_a_word_of_dropped_ones()
    {
        HttpResponseMessage answer = await PostAsync("/api/v1/twins/turbine/used/telemetry", """{"power":100}""");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.False(answer.Headers.Contains("TwinGrid-Dropped"));
    }

    [Fact]
    public async Task Of_many_dropped_readings_the_first_twenty_are_named_and_the_others_counted()
    {
        string wrong = string.Concat(Enumerable.Range(0, 25).Select(i => $",\"{(i == 0 ? "ü\\\"" : "")}!{i}\":1"));
        HttpResponseMessage answer = await PostAsync(
            "/api/v1/twins/turbine/garbled/telemetry", "{\"power\":100" + wrong + "}");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        string[] named = Assert.Single(answer.Headers.GetValues("TwinGrid-Dropped")).Split(", ");
        Assert.Equal(21, named.Length);
        Assert.Equal("\"?\\\"!0\";reason=malformed", named[0]);
        Assert.Equal("\"!19\";reason=malformed", named[19]);
        Assert.Equal("5", named[20]);
    }

    [Theory]
    [InlineData("\"1900-01-01T00:00:00Z\"", "1973")]
    [InlineData("\"9999-12-31T23:59:59Z\"", "5138")]
    [InlineData("-2208988800000", "seconds")]
    public async Task A_time_that_cannot_be_is_answered_with_what_can_be(string ts, string word)
    {
        HttpResponseMessage answer = await PostAsync(
            "/api/v1/twins/turbine/untimely/telemetry", $$"""{"ts":{{ts}},"power":1}""");
        JsonElement problem = await Problem.AssertAsync(answer, 422, "unusable-readings");
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Equal("badTime", error.GetProperty("outcome").GetString());
        Assert.Contains(word, error.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        string large = $$"""{"text":"{{new string('x', 262_144)}}"}""";
        await Problem.AssertAsync(await PostAsync("/api/v1/twins/large/one/telemetry", large), 413, "too-large");
    }

    [Fact]
    public async Task Dead_letters_come_newest_first_and_in_pages()
    {
        ITwinStore store = fixture.Grid.Services.GetRequiredService<ITwinStore>();
        await store.AppendDeadLettersAsync([.. Enumerable.Range(1, 3).Select(Letter)], CancellationToken.None);

        JsonElement first = await _http.GetFromJsonAsync<JsonElement>("/api/v1/deadletters?limit=2");
        JsonElement second = await _http.GetFromJsonAsync<JsonElement>(
            $"/api/v1/deadletters?limit=1&cursor={first.GetProperty("cursor").GetString()}");

        Assert.Equal(
            ["3", "2"],
            first.GetProperty("items").EnumerateArray().Select(letter => letter.GetProperty("detail").GetString()));
        Assert.Equal("1", second.GetProperty("items")[0].GetProperty("detail").GetString());
        Assert.Equal("/w==", second.GetProperty("items")[0].GetProperty("sampleBase64").GetString());
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/deadletters?cursor=AWFhYWE"), 400, "bad-cursor");

        static DeadLetter Letter(int number) => new()
        {
            Time = UnixMicroseconds.Now(TimeProvider.System), Topic = "t", Client = "c", Reason = "r",
            Detail = $"{number}", Size = 1, Sample = new byte[] { 0xFF },
        };
    }

    [Fact]
    public async Task A_path_that_the_api_does_not_have_is_a_problem() =>
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/unheard/of"), 404, "unknown-route");

    [Fact]
    public async Task A_method_that_a_path_does_not_take_is_answered_with_those_that_it_takes()
    {
        HttpResponseMessage answer = await _http.PutAsync("/api/v1/twins/walk/one", new StringContent("{}"));
        await Problem.AssertAsync(answer, 405, "method-not-allowed");
        Assert.Equal(["GET", "HEAD", "DELETE"], answer.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    public async Task Another_sites_page_cannot_send_in_a_browsers_name(string header, string value)
    {
        HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/twins/walk/one/telemetry/temperature")
        {
            Content = new StringContent("21.5"),
        };
        request.Headers.Add(header, value);
        await Problem.AssertAsync(await _http.SendAsync(request), 403, "cross-site");
    }

    [Fact]
    public async Task On_loopback_a_name_of_anothers_is_not_answered()
    {
        HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/twins");
        request.Headers.Host = "evil.example";
        JsonElement problem = await Problem.AssertAsync(await _http.SendAsync(request), 400, "wrong-host");
        Assert.Contains("AllowedHosts", problem.GetProperty("detail").GetString());
    }

    private static void AssertMembers(JsonElement element, params string[] names) =>
        Assert.Subset(element.EnumerateObject().Select(member => member.Name).ToHashSet(), names.ToHashSet());

    // The content type that curl -d gives.

    [Theory]
    [InlineData("PATCH", "properties/desired")]
    [InlineData("POST", "commands/go")]
    public async Task A_body_that_is_not_UTF_8_or_holds_half_a_character_is_refused(string method, string path)
    {
        await PostAsync("/api/v1/twins/demo/broken/telemetry/temperature", "20");
        foreach (byte[] body in (byte[][])[[.. "{\"a\":\""u8, 0xFF, .. "\"}"u8], [.. "{\"a\":\"\\ud83d\"}"u8]])
        {
            HttpResponseMessage answer = await _http.SendAsync(new HttpRequestMessage(
                new HttpMethod(method), $"/api/v1/twins/demo/broken/{path}") { Content = new ByteArrayContent(body) });
            await Problem.AssertAsync(answer, 400, "malformed-json");
        }
    }

    [Theory]
    [InlineData("PATCH", "properties/desired", "{\"a\":1e400}")]
    [InlineData("PATCH", "properties/desired", "{\"a\":[{\"b\":-1E999}]}")]
    [InlineData("POST", "commands/go", "{\"a\":1e400}")]
    public async Task A_number_that_no_double_holds_is_refused(string method, string path, string body)
    {
        await PostAsync("/api/v1/twins/demo/endless/telemetry/temperature", "20");
        HttpResponseMessage answer = await _http.SendAsync(new HttpRequestMessage(
            new HttpMethod(method), $"/api/v1/twins/demo/endless/{path}")
            {
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
            });
        JsonElement problem = await Problem.AssertAsync(answer, 400, "malformed-json");
        Assert.Contains("number", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("PATCH", "properties/desired", "application/json; charset=utf-16", 415)]
    [InlineData("PATCH", "properties/desired", "application/merge-patch+json;charset=\"ISO-8859-1\"", 415)]
    [InlineData("PATCH", "properties/desired", "application/json; charset=UTF-8", 200)]
    [InlineData("PATCH", "properties/desired", "application/json; charset=\"us-ascii\"", 200)]
    [InlineData("POST", "commands/go", "application/json; charset=utf-16", 415)]
    [InlineData("POST", "alarms/hot/acknowledge", "application/json; charset=utf-16", 415)]
    [InlineData("POST", "telemetry", "application/json; charset=utf-16", 415)]
    [InlineData("POST", "telemetry/temperature", "text/plain; charset=utf-16", 415)]
    [InlineData("POST", "telemetry/temperature", "text/plain; charset=utf-8", 204)]
    public async Task A_body_that_says_that_it_is_not_UTF_8_is_not_guessed_at(
        string method, string path, string type, int status)
    {
        await PostAsync("/api/v1/twins/demo/foreign/telemetry/temperature", "20");
        HttpRequestMessage request = new(new HttpMethod(method), $"/api/v1/twins/demo/foreign/{path}")
        {
            Content = new StringContent(path.EndsWith("temperature", StringComparison.Ordinal) ? "21" : "{}"),
        };
        request.Content.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        HttpResponseMessage answer = await _http.SendAsync(request);
        if (status == 415)
        {
            await Problem.AssertAsync(answer, 415, "unsupported-media-type");
        }

        Assert.Equal(status, (int)answer.StatusCode);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"));
}
