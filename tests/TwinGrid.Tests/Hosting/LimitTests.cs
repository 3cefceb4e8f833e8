using System.Net;

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

    private static Task<HttpResponseMessage> PostAsync(RunningGrid grid, string key) =>
        grid.Http.PostAsync($"/api/v1/twins/demo/{key}/telemetry/temperature", new StringContent("21.5"));
}
