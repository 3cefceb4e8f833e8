using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace TwinGrid.Tests.Hosting;

/// <summary>What orchestrators, collectors and tools ask of a process.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task A_grid_is_ready_when_it_runs_and_no_more_when_it_stops_but_lives_until_the_end()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(grid, "startup"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(grid, "ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(grid, "live"));

        grid.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(grid, "ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(grid, "live"));
    }

    [Fact]
    public async Task A_grid_whose_senders_are_held_back_is_degraded_and_not_unready()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Limits:IngestBytes", "1048576"));
        Assert.Equal("""{"status":"ok"}""", await grid.Http.GetStringAsync("/health/ready"));
        IngestBudget budget = grid.Services.GetRequiredService<IngestBudget>();

        budget.Take(600_000);
        HttpResponseMessage held = await grid.Http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, held.StatusCode);
        JsonElement body = JsonSerializer.Deserialize<JsonElement>(await held.Content.ReadAsStringAsync());
        Assert.Equal("degraded", body.GetProperty("status").GetString());
        Assert.Contains("IngestBytes", body.GetProperty("reason").GetString());

        budget.Return(600_000);
        Assert.Equal("""{"status":"ok"}""", await grid.Http.GetStringAsync("/health/ready"));
    }

    [Fact]
    public async Task Metrics_the_api_description_and_no_dashboard_are_served_by_default()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();
        await grid.Http.PostAsync("/api/v1/twins/demo/one/telemetry/temperature", new StringContent("21.5"));

        string metrics = await grid.Http.GetStringAsync("/metrics");
        Assert.Contains("otel_scope_name=\"TwinGrid\"", metrics);
        Assert.Contains("otel_scope_name=\"Microsoft.Orleans\"", metrics);

        JsonElement description = JsonSerializer.Deserialize<JsonElement>(
            await grid.Http.GetStringAsync("/openapi/v1.json"));
        Assert.Equal(
            [
                "/api/v1/deadletters",
                "/api/v1/twins",
                "/api/v1/twins/{kind}/{key}",
                "/api/v1/twins/{kind}/{key}/alarms/{name}/acknowledge",
                "/api/v1/twins/{kind}/{key}/commands/{id}",
                "/api/v1/twins/{kind}/{key}/commands/{id}/cancel",
                "/api/v1/twins/{kind}/{key}/commands/{name}",
                "/api/v1/twins/{kind}/{key}/history",
                "/api/v1/twins/{kind}/{key}/properties/desired",
                "/api/v1/twins/{kind}/{key}/properties/reported",
                "/api/v1/twins/{kind}/{key}/telemetry",
                "/api/v1/twins/{kind}/{key}/telemetry/{name}",
                "/api/v1/twins/{kind}/{key}/watch",
            ],
            description.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal));

        Assert.Equal(HttpStatusCode.NotFound, (await grid.Http.GetAsync("/orleans")).StatusCode);
    }

    [Fact]
    public async Task The_dashboard_is_served_when_it_is_wanted()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync(null, ("TwinGrid:Http:OrleansDashboard", "true"));
        Assert.Equal(HttpStatusCode.OK, (await grid.Http.GetAsync("/orleans/")).StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningGrid grid, string check) =>
        (await grid.Http.GetAsync($"/health/{check}")).StatusCode;
}
