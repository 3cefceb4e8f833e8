using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TwinGrid.Hosting;
using TwinGrid.Hosting.Api;
using TwinGrid.Hosting.Security;
using TwinGrid.Hosting.Settings;
using TwinGrid.Hosting.Startup;

namespace Microsoft.Extensions.Hosting;

/// <summary>Adds a grid of digital twins to a host.</summary>
public static class TwinGridHostApplicationBuilderExtensions
{
    /// <summary>
    /// Adds a TwinGrid silo: twins, the MQTT listener, the store and what the HTTP routes need, configured by the
    /// section <c>TwinGrid</c> of the host's configuration. Map the routes with <c>app.MapTwinGrid()</c>.
    /// </summary>
    /// <remarks>
    /// The section is judged when the host starts: an unknown key or a wrong value stops it with
    /// <see cref="OptionsValidationException"/>, whose failures name the keys. A store or a decoder of your own is
    /// registered before this call. Grains of the host live in the same silo.
    /// </remarks>
    /// <param name="builder">The host's builder.</param>
    /// <param name="configure">Adds kinds, models, policies and options in code.</param>
    /// <exception cref="InvalidOperationException">It was called before for this host.</exception>
    public static IHostApplicationBuilder AddTwinGridSilo(
        this IHostApplicationBuilder builder, Action<TwinGridSiloBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(static service => service.ServiceType == typeof(GridStartup)))
        {
            throw new InvalidOperationException("AddTwinGridSilo was called before: one host holds one silo");
        }

        GridServices.Add(builder);
        configure?.Invoke(new TwinGridSiloBuilder(builder));
        return builder;
    }

    /// <summary>
    /// Makes Kestrel listen where <c>TwinGrid:Http:Address</c> and <c>TwinGrid:Http:Port</c> say, and nowhere else. On
    /// loopback only requests for this machine's own names are answered, so that no site can reach the grid through a
    /// name of its own (DNS rebinding); <c>AllowedHosts</c> overrides that.
    /// </summary>
    public static IHostApplicationBuilder UseTwinGridHttp(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddTransient(static provider =>
        {
            HttpOptions http = provider.GetRequiredService<IOptions<HttpOptions>>().Value;
            return new GridListener(
                "TwinGrid:Http:Address", "TwinGrid:Http:Port", GridListener.Parse(http.Address), http.Port);
        });
        builder.Services.AddOptions<KestrelServerOptions>().Configure<GridSettings, IServiceProvider>(Listen);
        builder.Services.AddOptions<HostFilteringOptions>()
            .PostConfigure<IOptions<HttpOptions>, IConfiguration>(static (filter, http, configuration) =>
            {
                filter.IncludeFailureMessage = false;
                if (configuration["AllowedHosts"] is null
                    && IPAddress.IsLoopback(GridListener.Parse(http.Value.Address)))
                {
                    filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"];
                }
            });
        builder.Services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, HostRefusal>());
        return builder;
    }

    /// <summary>
    /// Runs when the application is built; with a wrong configuration it must not throw there, because the start then
    /// says every mistake in a line of its own.
    /// </summary>
    private static void Listen(KestrelServerOptions kestrel, GridSettings settings, IServiceProvider services)
    {
        // An id of 8 KiB gets the API's own answer instead of the server's 414.
        kestrel.Limits.MaxRequestLineSize = 32 * 1_024;
        kestrel.AddServerHeader = false;
        if (settings.WasRightAtStart)
        {
            HttpOptions http = services.GetRequiredService<IOptions<HttpOptions>>().Value;
            kestrel.Listen(GridListener.Parse(http.Address), http.Port);
        }
    }
}
