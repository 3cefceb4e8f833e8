using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TwinGrid;
using TwinGrid.Storage;
using TwinGrid.Storage.PostgreSql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the PostgreSQL store.</summary>
public static class PostgreSqlStoreServiceCollectionExtensions
{
    /// <summary>
    /// Keeps twins in PostgreSQL (15 or later), in the database that <see cref="StorageOptions.ConnectionString"/>
    /// names. Does nothing where an <see cref="ITwinStore"/> is registered already, so that a store of your own wins.
    /// </summary>
    /// <remarks>
    /// Takes <see cref="StorageOptions"/> and <see cref="LimitOptions"/> as options, and the process's
    /// <see cref="TimeProvider"/>. A missing connection string is told when the store is first resolved.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="owner">Which silo writes; asked once, when the store is first resolved.</param>
    public static IServiceCollection AddPostgreSqlTwinStore(
        this IServiceCollection services, Func<IServiceProvider, StoreOwner> owner)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(owner);
        if (services.Any(service => service.ServiceType == typeof(ITwinStore) && !service.IsKeyedService))
        {
            return services;
        }

        services.AddOptions();
        return services.AddSingleton<ITwinStore>(provider => new PostgreSqlTwinStore(
            new PostgreSqlDatabase(provider.GetRequiredService<IOptions<StorageOptions>>().Value.ConnectionString),
            owner(provider),
            provider.GetRequiredService<IOptions<LimitOptions>>().Value,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetService<ILogger<PostgreSqlTwinStore>>() ?? NullLogger<PostgreSqlTwinStore>.Instance));
    }

    /// <inheritdoc cref="AddPostgreSqlTwinStore(IServiceCollection, Func{IServiceProvider, StoreOwner})"/>
    public static IServiceCollection AddPostgreSqlTwinStore(this IServiceCollection services, StoreOwner owner) =>
        services.AddPostgreSqlTwinStore(_ => owner);
}
