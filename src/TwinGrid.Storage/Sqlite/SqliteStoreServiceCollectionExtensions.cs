using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TwinGrid;
using TwinGrid.Storage;
using TwinGrid.Storage.Sqlite;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the SQLite store.</summary>
public static class SqliteStoreServiceCollectionExtensions
{
    /// <summary>
    /// Keeps twins in SQLite: the file <c>twingrid.db</c> in a data directory that this process then holds for itself.
    /// Does nothing where an <see cref="ITwinStore"/> is registered already, so that a store of your own wins.
    /// </summary>
    /// <remarks>
    /// Takes <see cref="StorageOptions"/> and <see cref="LimitOptions"/> as options, and the process's
    /// <see cref="TimeProvider"/>. The directory is held (<see cref="DataDirectoryLock"/>) from the store's first use,
    /// or earlier by resolving the lock.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="dataDirectory">Where; asked once, when the lock or the store is first resolved.</param>
    /// <param name="broken">
    /// Hears that the disk failed to keep a commit, or that another process took the store over: from then on it
    /// keeps nothing until it is opened again, so the process should end and be started anew. Called on threads of the
    /// store, at most once by each. Null for nobody.
    /// </param>
    public static IServiceCollection AddSqliteTwinStore(
        this IServiceCollection services,
        Func<IServiceProvider, string> dataDirectory,
        Action<IServiceProvider, TwinGridException>? broken = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(dataDirectory);
        if (HasStore(services))
        {
            return services;
        }

        services.TryAddSingleton(provider => DataDirectoryLock.Acquire(dataDirectory(provider)));
        return services.AddStore(provider => provider.GetRequiredService<DataDirectoryLock>().Directory, broken);
    }

    /// <summary>
    /// The same without holding the directory, for <see cref="ITwinStore.VerifyAsync"/> alone: what reads beside a silo
    /// that runs must not initialize its store.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="dataDirectory">Where; asked once, when the store is first resolved.</param>
    public static IServiceCollection AddUnheldSqliteTwinStore(
        this IServiceCollection services, Func<IServiceProvider, string> dataDirectory)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(dataDirectory);
        return HasStore(services) ? services : services.AddStore(dataDirectory, broken: null);
    }

    /// <summary>The same in a directory that is known.</summary>
    /// <param name="services">The services.</param>
    /// <param name="dataDirectory">Where.</param>
    public static IServiceCollection AddSqliteTwinStore(this IServiceCollection services, string dataDirectory) =>
        services.AddSqliteTwinStore(_ => dataDirectory);

    private static bool HasStore(IServiceCollection services) =>
        services.Any(service => service.ServiceType == typeof(ITwinStore) && !service.IsKeyedService);

    private static IServiceCollection AddStore(
        this IServiceCollection services,
        Func<IServiceProvider, string> directory,
        Action<IServiceProvider, TwinGridException>? broken)
    {
        services.AddOptions();
        return services.AddSingleton<ITwinStore>(provider => new SqliteTwinStore(
            new SqliteDatabase(
                directory(provider),
                provider.GetRequiredService<IOptions<StorageOptions>>().Value.ConnectionString,
                broken is null ? null : failure => broken(provider, failure)),
            provider.GetRequiredService<IOptions<LimitOptions>>().Value,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetService<ILogger<SqliteTwinStore>>() ?? NullLogger<SqliteTwinStore>.Instance));
    }
}
