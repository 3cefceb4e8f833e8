using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Hosting;

/// <summary>Bounds that are reached are answered with when to try again, or with what to do instead.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Too_many_new_twins_are_told_to_wait()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:NewTwinsPerMinute", "1"));

        // A minute may end between two requests, so that three bring at least one over the limit.
        HttpResponseMessage[] answers =
            [await PostAsync(grid, "a"), await PostAsync(grid, "b"), await PostAsync(grid, "c")];

        Assert.Equal(HttpStatusCode.NoContent, answers[0].StatusCode);
        await Problem.AssertAsync(answers.First(answer => !answer.IsSuccessStatusCode), 429, "too-many");
    }

    [Fact]
    public async Task The_size_of_a_body_is_bounded_by_its_key_also_where_no_length_is_announced()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:PacketBytes", "1024"));
        HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/twins/demo/a/telemetry")
        {
            Content = new StringContent($$"""{"text":"{{new string('x', 1_024)}}"}"""),
        };
        request.Headers.TransferEncodingChunked = true;

        await Problem.AssertAsync(await grid.Http.SendAsync(request), 413, "too-large");
    }

    [Fact]
    public async Task Of_very_many_dropped_readings_a_thousand_have_a_dead_letter_and_the_others_are_counted()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null);
        string wrong = "{" + string.Join(',', Enumerable.Range(0, 400).Select(i => $"\"!{i}\":1")) + "}";
        using StringContent body = new($"[{{\"power\":100}},{wrong},{wrong},{wrong}]");
        HttpResponseMessage answer = await grid.Http.PostAsync("/api/v1/twins/demo/flood/telemetry", body);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);

        JsonElement page = await grid.Http.GetFromJsonAsync<JsonElement>("/api/v1/deadletters?limit=1000");
        JsonElement newest = page.GetProperty("items")[0];
        Assert.Equal("more-readings", newest.GetProperty("reason").GetString());
        Assert.Equal("and 200 more readings of this message", newest.GetProperty("detail").GetString());
        Assert.Equal(1_000, page.GetProperty("items").GetArrayLength());
        JsonElement rest = await grid.Http.GetFromJsonAsync<JsonElement>(
            $"/api/v1/deadletters?limit=1000&cursor={page.GetProperty("cursor").GetString()}");
        Assert.Equal(1, rest.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_silo_that_has_its_number_of_twins_makes_no_more()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:Twins", "2"));
        HttpResponseMessage answer = await PostAsync(grid, "t0");
        for (int i = 1; answer.IsSuccessStatusCode && i < 10; i++)
        {
            answer = await PostAsync(grid, $"t{i}");
        }

        await Problem.AssertAsync(answer, 429, "too-many");
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(grid, "t0")).StatusCode);
    }

    [Fact]
    public async Task A_twin_has_so_many_telemetry_names_and_no_more()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(
            null, ("TwinGrid:Limits:TelemetryNamesPerKind", "2"));
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(grid, "a", """{"a":1,"b":2}""")).StatusCode);
        HttpResponseMessage answer = await PostAsync(grid, "a", """{"c":3}""");
        JsonElement problem = await Problem.AssertAsync(answer, 422, "unusable-readings");
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Contains("TwinGrid:Limits:TelemetryNamesPerKind", error.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_twin_keeps_so_many_sources_apart_and_no_more()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:SourcesPerTwin", "1"));
        Assert.Equal(HttpStatusCode.NoContent, (await NumberedAsync(grid, "one")).StatusCode);
        JsonElement problem = await Problem.AssertAsync(await NumberedAsync(grid, "two"), 422, "unusable-readings");
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Contains("TwinGrid:Limits:SourcesPerTwin", error.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Where_as_much_waits_as_may_be_held_a_request_is_told_to_come_again()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:IngestBytes", "1048576"));
        IngestBudget budget = grid.Services.GetRequiredService<IngestBudget>();
        budget.Take(1_048_576);
        JsonElement problem = await Problem.AssertAsync(await PostAsync(grid, "a"), 503, "unavailable");
        Assert.Contains("TwinGrid:Limits:IngestBytes", problem.GetProperty("detail").GetString());
        budget.Return(1_048_576);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(grid, "a")).StatusCode);
        Assert.Equal(0, budget.Used);
    }

    private static Task<HttpResponseMessage> NumberedAsync(RunningGrid grid, string source) =>
        PostAsync(grid, "a", $$"""{"source":"{{source}}","epoch":1,"seq":1,"a":1}""");

    private static Task<HttpResponseMessage> PostAsync(
        RunningGrid grid, string key, string values = """{"temperature":21.5}""") =>
        grid.Http.PostAsync($"/api/v1/twins/demo/{key}/telemetry", new StringContent(values));
}
