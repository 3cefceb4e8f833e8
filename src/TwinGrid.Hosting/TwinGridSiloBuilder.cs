using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace TwinGrid.Hosting;

/// <summary>
/// What a host adds to its grid in code; given to the delegate of <c>AddTwinGridSilo</c>. Not thread-safe.
/// </summary>
public sealed class TwinGridSiloBuilder
{
    private readonly IHostApplicationBuilder _host;

    internal TwinGridSiloBuilder(IHostApplicationBuilder host)
    {
        _host = host;
    }

    /// <summary>
    /// The host's services, for <c>AddTwinDefinition</c>, <c>AddPredictiveModel</c>, <c>AddControlPolicy</c> and
    /// <c>AddPayloadDecoder</c>.
    /// </summary>
    public IServiceCollection Services => _host.Services;

    /// <summary>Sets options in code; runs after the configuration was read and wins over it.</summary>
    public TwinGridSiloBuilder Configure<TOptions>(Action<TOptions> configure)
        where TOptions : class
    {
        Services.Configure(configure);
        return this;
    }

    /// <summary>Adds a kind that is made in code.</summary>
    public TwinGridSiloBuilder AddDefinition(TwinDefinition definition)
    {
        Services.AddTwinDefinition(definition);
        return this;
    }

    /// <summary>Changes the Orleans silo that the grid runs in.</summary>
    public TwinGridSiloBuilder ConfigureOrleans(Action<ISiloBuilder> configure)
    {
        _host.UseOrleans(configure);
        return this;
    }
}
