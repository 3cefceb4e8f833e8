using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace TwinGrid.Tests.Hosting;

/// <summary>What RFC 9110 asks of every server: HEAD, conditions, codings.</summary>
public sealed class HttpSemanticsTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private readonly HttpClient _http = fixture.Http;

    [Theory]
    [InlineData("/")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/api/v1/twins")]
    [InlineData("/api/v1/deadletters")]
    [InlineData("/api/v1/twins/head/one")]
    [InlineData("/api/v1/twins/head/one/history?telemetry=t")]
    [InlineData("/api/v1/twins/head/one/properties/desired")]
    [InlineData("/api/v1/twins/head/one/properties/reported")]
    [InlineData("/api/v1/twins/head/two")]
    public async Task HEAD_is_answered_as_GET_is_but_for_the_body(string path)
    {
        await PostAsync("/api/v1/twins/head/one/telemetry", """{"t":1}""");
        using HttpResponseMessage read = await _http.GetAsync(path);
        using HttpRequestMessage question = new(HttpMethod.Head, path);
        using HttpResponseMessage head = await _http.SendAsync(question);
        Assert.Equal(read.StatusCode, head.StatusCode);
        Assert.Equal(read.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal(read.Headers.ETag, head.Headers.ETag);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Whoever_knows_any_state_of_a_twin_that_exists_is_told_nothing_new()
    {
        // RFC 9110 section 13.1.2: * is false where a current representation exists.
        await PostAsync("/api/v1/twins/any/one/telemetry", """{"t":1}""");
        Assert.Equal(HttpStatusCode.NotModified, await AskAnyAsync("/api/v1/twins/any/one"));
        Assert.Equal(HttpStatusCode.NotModified, await AskAnyAsync("/api/v1/twins/any/one/properties/desired"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAnyAsync("/api/v1/twins/any/two"));

        async Task<HttpStatusCode> AskAnyAsync(string path)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.IfNoneMatch.Add(System.Net.Http.Headers.EntityTagHeaderValue.Any);
            using HttpResponseMessage answer = await _http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 204)]
    [InlineData("Identity, br", 415)]
    public async Task A_body_that_says_it_is_coded_is_refused(string coding, int status)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/twins/coded/one/telemetry");
        request.Content = new StringContent("""{"t":1}""");
        request.Content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 415)
        {
            JsonElement problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Contains("Content-Encoding", problem.GetProperty("detail").GetString());
            Assert.Contains("identity", answer.Headers.GetValues("Accept-Encoding"));
        }
    }

    [Theory]
    [InlineData("/api/v1/twins?lmit=3", "lmit", "kind, cursor, limit")]
    [InlineData("/api/v1/twins/query/one?asof=1&x=2", "x", "asOf")]
    [InlineData("/api/v1/twins/query/one?kind=2", "kind", "asOf")]
    [InlineData("/api/v1/twins/query/one/properties/desired?x", "x", "takes none")]
    [InlineData("/api/v1/twins/query/one/history?maxpoints=4&lmit=3", "lmit", "telemetry, from, to, limit, maxPoints")]
    public async Task A_query_parameter_that_is_not_known_is_named_with_those_that_are(
        string path, string strange, string known)
    {
        JsonElement problem = await Problem.AssertAsync(await _http.GetAsync(path), 400, "unknown-parameter");
        string detail = problem.GetProperty("detail").GetString()!;
        Assert.Contains($"parameter {strange} is not known", detail);
        Assert.Contains(known, detail);
    }

    [Fact]
    public async Task Readings_older_than_history_is_kept_are_named_and_are_dead_letters()
    {
        // 1e11 ms is 1973-03-03; the limit of 30 days is the default.
        using HttpResponseMessage old = await PostAsync(
            "/api/v1/twins/kept/one/telemetry", """{"ts":100000000000,"power":1}""");
        Assert.Equal(HttpStatusCode.NoContent, old.StatusCode);
        Assert.Equal("\"power\";reason=not-kept", Assert.Single(old.Headers.GetValues("TwinGrid-Dropped")));
        JsonElement letters = await _http.GetFromJsonAsync<JsonElement>("/api/v1/deadletters");
        Assert.Contains(
            letters.GetProperty("items").EnumerateArray(),
            static letter => letter.GetProperty("reason").GetString() == "not-kept"
                && letter.GetProperty("topic").GetString() == "/api/v1/twins/kept/one/telemetry");

        long month = DateTimeOffset.UtcNow.AddDays(-29).ToUnixTimeMilliseconds();
        using HttpResponseMessage young = await PostAsync(
            "/api/v1/twins/kept/one/telemetry", $$"""{"ts":{{month}},"power":1}""");
        Assert.False(young.Headers.Contains("TwinGrid-Dropped"));
    }

    private Task<HttpResponseMessage> PostAsync(string path, string json) =>
        _http.PostAsync(path, new StringContent(json));
}
