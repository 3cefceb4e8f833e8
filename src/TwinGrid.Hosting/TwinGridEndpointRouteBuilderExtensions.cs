using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;
using TwinGrid.Hosting;
using TwinGrid.Hosting.Api;
using TwinGrid.Hosting.Health;
using TwinGrid.Hosting.Roles;
using TwinGrid.Hosting.Settings;
using TwinGrid.Hosting.WebPage;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the grid's HTTP routes.</summary>
public static class TwinGridEndpointRouteBuilderExtensions
{
    private static readonly string[] s_reads = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps the web page at <c>/</c>, the API under <c>/api/v1</c>, <c>/health/startup</c>, <c>/health/ready</c>,
    /// <c>/health/live</c>, <c>/metrics</c> (Prometheus), <c>/openapi/v1.json</c>, and with
    /// <c>TwinGrid:Http:OrleansDashboard</c> Orleans' dashboard at <c>/orleans</c>. Without the role <c>Api</c> only
    /// health, metrics and dashboard.
    /// </summary>
    /// <remarks>
    /// A path of the host's own that is more exact than <c>/api/{anything}</c> wins. Authorization is the host's: map
    /// on a group of its own to require it.
    /// </remarks>
    /// <param name="app">The application, after <c>builder.AddTwinGridSilo()</c>.</param>
    public static IEndpointRouteBuilder MapTwinGrid(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (AnswersApi(app.ServiceProvider))
        {
            TwinGridRoutes.Map(app);
            app.MapMethods("/", s_reads, LivePage.Get).ExcludeFromDescription();
            app.MapOpenApi("/openapi/{documentName}.json");
        }

        app.MapMethods("/health/startup", s_reads, GridHealth.Startup).ExcludeFromDescription();
        app.MapMethods("/health/ready", s_reads, GridHealth.ReadyAsync).ExcludeFromDescription();
        app.MapMethods("/health/live", s_reads, GridHealth.Live).ExcludeFromDescription();
        app.MapPrometheusScrapingEndpoint("/metrics");
        IConfiguration configuration = app.ServiceProvider.GetRequiredService<IConfiguration>();
        if (DashboardSwitch.IsOn(configuration))
        {
            app.MapOrleansDashboard("/orleans");
        }

        return app;
    }

    // With a wrong configuration nothing will run, and the start says why: it must not fail here.
    private static bool AnswersApi(IServiceProvider services) =>
        !services.GetRequiredService<GridSettings>().WasRightAtStart
        || services.GetRequiredService<IOptions<TwinGridOptions>>().Value.Roles.HasFlag(GridRoles.Api);
}
