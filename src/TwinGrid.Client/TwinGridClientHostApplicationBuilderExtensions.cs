using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TwinGrid.Client;

namespace Microsoft.Extensions.Hosting;

/// <summary>Connects a host to a grid.</summary>
public static class TwinGridClientHostApplicationBuilderExtensions
{
    /// <summary>
    /// Adds a <see cref="TwinGridClient"/> that connects to a grid of other processes. It connects in the background
    /// and again whenever it must: the host starts without the grid, and a call waits for it no longer than
    /// <see cref="TwinGridClientOptions.Timeout"/>. An Orleans silo or client of the host's own is not touched.
    /// </summary>
    /// <param name="builder">The host's builder.</param>
    /// <param name="configure">Options in code; they win over the section <c>TwinGridClient</c>.</param>
    public static IHostApplicationBuilder AddTwinGridClient(
        this IHostApplicationBuilder builder, Action<TwinGridClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        OptionsBuilder<TwinGridClientOptions> options = services.AddOptions<TwinGridClientOptions>()
            .Configure<IConfiguration>(static (options, configuration) =>
                configuration.GetSection(TwinGridClientOptions.Section).Bind(options))
            .ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddSingleton<IValidateOptions<TwinGridClientOptions>, TwinGridClientOptions.Validator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<GridConnection>();
        services.TryAddSingleton(static provider => new TwinGridClient(
            provider.GetRequiredService<GridConnection>(), provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(static provider => provider.GetRequiredService<GridConnection>());
        return builder;
    }
}
