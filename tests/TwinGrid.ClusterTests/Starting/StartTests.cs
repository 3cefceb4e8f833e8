using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Starting;

public sealed class StartTests(SharedGrid grid)
{
    [Fact]
    public async Task The_printed_curl_line_works_verbatim()
    {
        string line = await grid.Silo.PrintedCommandAsync("curl ");

        Assert.Contains("21.5", line, StringComparison.Ordinal);
        Assert.Contains("/telemetry/temperature", line, StringComparison.Ordinal);
        (await RunningProgram.RunShellAsync(line)).Succeeded();
        await SeeTemperatureAsync();
    }

    [Fact]
    public async Task The_printed_mosquitto_pub_line_works_verbatim()
    {
        Installed.Require("mosquitto_pub");
        string line = await grid.Silo.PrintedCommandAsync("mosquitto_pub ");

        Assert.Contains("-t twins/demo/one/telemetry/temperature -m 21.5", line, StringComparison.Ordinal);
        (await RunningProgram.RunShellAsync(line)).Succeeded();
        await SeeTemperatureAsync();
    }

    [Theory]
    [InlineData("/health/startup")]
    [InlineData("/health/ready")]
    [InlineData("/health/live")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/")]
    public async Task A_started_grid_answers_on(string path) =>
        Assert.Equal(200, await grid.Api.StatusAsync(path));

    [Fact]
    public async Task Looking_at_a_twin_does_not_make_it()
    {
        ApiAnswer answer = await grid.Api.SendAsync(HttpMethod.Get, "/api/v1/twins/nobody/looked");

        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        string? type = answer.Body.GetProperty("type").GetString();
        Assert.StartsWith("urn:twingrid:problem:", type, StringComparison.Ordinal);
        Assert.Null(await grid.Api.TwinAsync("nobody/looked"));
    }

    private Task SeeTemperatureAsync() =>
        grid.Api.WaitForTwinAsync(
            "demo/one", "temperature 21.5", static twin => twin.Number("temperature") == 21.5);
}
