using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace TwinGrid.Tests.Hosting;

/// <summary>Desired and reported properties over HTTP: merge patches (RFC 7396) under ETags (RFC 9110).</summary>
public sealed class PropertyTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private const string MergePatch = "application/merge-patch+json";

    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task Desired_properties_are_changed_and_read_under_an_ETag_of_their_own()
    {
        await MakeAsync("asked");
        HttpResponseMessage before = await _http.GetAsync(Desired("asked"));
        Assert.Equal("\"0\"", before.Headers.ETag!.Tag);
        Assert.Equal("""{"revision":0,"desired":{}}""", await before.Content.ReadAsStringAsync());

        HttpResponseMessage changed = await PatchAsync("asked", """{"powerLimit":500}""", "\"0\"");
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal("\"1\"", changed.Headers.ETag!.Tag);
        Assert.Equal("""{"revision":1,"desired":{"powerLimit":500}}""", await changed.Content.ReadAsStringAsync());

        await MakeAsync("asked");
        HttpResponseMessage read = await _http.GetAsync(Desired("asked"));
        Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/turbine/asked");
        Assert.Equal(3, twin.GetProperty("revision").GetInt64());
        Assert.Equal(500, twin.GetProperty("properties").GetProperty("desired").GetProperty("powerLimit").GetInt32());
        Assert.Equal(1, twin.GetProperty("properties").GetProperty("desiredRevision").GetInt64());

        HttpRequestMessage again = new(HttpMethod.Get, Desired("asked"));
        again.Headers.IfNoneMatch.Add(read.Headers.ETag);
        Assert.Equal(HttpStatusCode.NotModified, (await _http.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task A_change_that_asks_for_another_revision_fails_and_says_which_one_is()
    {
        await MakeAsync("raced");
        await PatchAsync("raced", """{"powerLimit":1}""");

        HttpResponseMessage stale = await PatchAsync("raced", """{"powerLimit":2}""", "\"0\"");
        await Problem.AssertAsync(stale, 412, "precondition-failed");
        Assert.Equal("\"1\"", stale.Headers.ETag!.Tag);
        await Problem.AssertAsync(
            await PatchAsync("raced", """{"powerLimit":2}""", "W/\"1\""), 412, "precondition-failed");
        await Problem.AssertAsync(
            await PatchAsync("raced", """{"powerLimit":2}""", "\"abc\""), 412, "precondition-failed");
        await Problem.AssertAsync(
            await PatchAsync("raced", """{"powerLimit":2}""", "abc"), 400, "bad-if-match");

        Assert.Equal(HttpStatusCode.OK, (await PatchAsync("raced", """{"powerLimit":2}""", "*")).StatusCode);
        HttpResponseMessage either = await PatchAsync("raced", """{"powerLimit":3}""", "\"9\", \"2\"");
        Assert.Equal("""{"revision":3,"desired":{"powerLimit":3}}""", await either.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Of_writers_that_all_read_the_same_revision_exactly_one_wins()
    {
        await MakeAsync("contended");
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(1, 20)
            .Select(i => PatchAsync("contended", $$"""{"powerLimit":{{i}}}""", "\"0\"")));

        HttpResponseMessage winner = Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(19, answers.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed));
        Assert.Equal(
            await winner.Content.ReadAsStringAsync(), await _http.GetStringAsync(Desired("contended")));
    }

    [Fact]
    public async Task What_the_kind_does_not_allow_is_answered_with_each_place()
    {
        await MakeAsync("strict");
        HttpResponseMessage answer = await PatchAsync("strict", """{"powerLimit":"high","serial":"x","colour":1}""");
        JsonElement problem = await Problem.AssertAsync(answer, 422, "bad-properties");
        Assert.Equal(
            ["/colour", "/powerLimit", "/serial"],
            problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString()).Order());
        Assert.Equal("""{"revision":0,"desired":{}}""", await _http.GetStringAsync(Desired("strict")));
    }

    [Theory]
    [InlineData("{", MergePatch, 400, "malformed-json")]
    [InlineData("", MergePatch, 400, "malformed-json")]
    [InlineData("{\"powerLimit\":1,\"powerLimit\":2}", MergePatch, 400, "malformed-json")]
    [InlineData("[]", MergePatch, 422, "bad-properties")]
    [InlineData("5", "application/json", 422, "bad-properties")]
    [InlineData("[]", "application/json-patch+json", 415, "unsupported-media-type")]
    public async Task A_body_that_is_no_patch_is_refused(string body, string type, int status, string code)
    {
        await MakeAsync("broken");
        await Problem.AssertAsync(await PatchAsync("broken", body, type: type), status, code);
    }

    [Fact]
    public async Task Names_of_the_grids_own_are_refused_wherever_they_stand()
    {
        await _http.PostAsync("/api/v1/twins/free/own/telemetry", new StringContent("""{"power":1}"""));
        HttpResponseMessage answer = await PatchAsync(
            "own", """{"$a":1,"motor":{"$x":1,"gear":{"$y":null,"ratio":2}},"list":[{"$z":3}]}""", kind: "free");
        JsonElement problem = await Problem.AssertAsync(answer, 422, "bad-properties");
        Assert.Equal(
            ["/$a", "/list/0/$z", "/motor/$x", "/motor/gear/$y"],
            problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString())
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_patch_over_the_limits_is_refused()
    {
        await MakeAsync("vast");
        await _http.PostAsync("/api/v1/twins/free/vast/telemetry", new StringContent("""{"power":1}"""));
        string large = new('x', 65_536);
        await Problem.AssertAsync(
            await PatchAsync("vast", $$"""{"a":"{{large}}"}""", kind: "free"), 422, "properties-too-large");
        await Problem.AssertAsync(
            await PatchAsync("vast", $$"""{"a":"{{large}}{{large}}{{large}}{{large}}"}"""), 413, "too-large");
    }

    [Fact]
    public async Task Nobody_asks_a_twin_that_does_not_exist_for_anything()
    {
        await Problem.AssertAsync(await PatchAsync("nobody", """{"powerLimit":1}"""), 404, "unknown-twin");
        await Problem.AssertAsync(await _http.GetAsync(Desired("nobody")), 404, "unknown-twin");
        await Problem.AssertAsync(await _http.GetAsync("/api/v1/twins/turbine/nobody"), 404, "unknown-twin");
    }

    [Fact]
    public async Task The_line_with_curl_works_for_desired_properties()
    {
        await MakeAsync("curled");
        string line = "curl -sS -X PATCH -d '{\"powerLimit\":5}' "
            + $"{fixture.Grid.Web}api/v1/twins/turbine/curled/properties/desired";
        Assert.Equal("""{"revision":1,"desired":{"powerLimit":5}}""", await Shell.RunAsync(line, needs: "curl"));
    }

    [Fact]
    public async Task Reported_properties_are_read_with_the_revision_that_the_device_answers()
    {
        await MakeAsync("answering");
        await PatchAsync("answering", """{"powerLimit":5}""");
        await fixture.ReportAsync(new TwinId("turbine", "answering"), """{"powerLimit":5,"$revision":1}""");

        HttpResponseMessage read = await _http.GetAsync("/api/v1/twins/turbine/answering/properties/reported");
        Assert.Equal(
            """{"reported":{"powerLimit":5},"answeredRevision":1}""", await read.Content.ReadAsStringAsync());

        HttpRequestMessage again = new(HttpMethod.Get, read.RequestMessage!.RequestUri);
        again.Headers.IfNoneMatch.Add(read.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await _http.SendAsync(again)).StatusCode);
    }

    private static string Desired(string key) => $"/api/v1/twins/turbine/{key}/properties/desired";

    private Task MakeAsync(string key) => _http.PostAsync(
        $"/api/v1/twins/turbine/{key}/telemetry", new StringContent("""{"power":100}"""));

    private Task<HttpResponseMessage> PatchAsync(
        string key, string patch, string? ifMatch = null, string type = MergePatch, string kind = "turbine")
    {
        HttpRequestMessage request = new(HttpMethod.Patch, $"/api/v1/twins/{kind}/{key}/properties/desired")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(patch)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return _http.SendAsync(request);
    }
}
