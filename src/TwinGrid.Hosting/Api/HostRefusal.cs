using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace TwinGrid.Hosting.Api;

/// <summary>
/// Says as a problem what ASP.NET's host filtering refuses: the filter itself knows HTML or nothing. Stands in front of
/// it, so it is registered before it.
/// </summary>
internal sealed class HostRefusal : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static async (context, run) =>
        {
            await run(context);
            if (IsRefused(context))
            {
                await new Problem(
                    StatusCodes.Status400BadRequest,
                    "wrong-host",
                    "The request is for another host",
                    "the name in the Host header is none of this server's; AllowedHosts says which are")
                    .ExecuteAsync(context);
            }
        });
        next(app);
    };

    // The filter answers before routing, and with its message off it writes nothing but the status.
    private static bool IsRefused(HttpContext context) =>
        context.Response is
        {
            HasStarted: false, StatusCode: StatusCodes.Status400BadRequest, ContentType: null, ContentLength: null,
        }
        && context.GetEndpoint() is null;
}
