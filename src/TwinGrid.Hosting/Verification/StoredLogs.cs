using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using TwinGrid.Twins.History;

namespace TwinGrid.Hosting.Verification;

/// <summary>
/// Opens what is needed to fold logs again where no silo runs: the store, and Orleans' grain storage.
/// </summary>
internal static class StoredLogs
{
    /// <summary>Opens it.</summary>
    /// <exception cref="TwinGridException">It is not there, or cannot be read.</exception>
    public static async Task<LogRefold> OpenAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        ITwinStore store = services.GetRequiredService<ITwinStore>();
        await store.OpenToReadAsync(cancellationToken);
        IGrainStorage definitions = services.GetRequiredKeyedService<IGrainStorage>(
            TwinsSiloBuilderExtensions.ControlPlaneStorage);
        if (definitions is ILifecycleParticipant<ISiloLifecycle> starting)
        {
            // It opens its database in the lifecycle of a silo; of this one it is the only part.
            SiloLifecycleSubject lifecycle = new(services.GetRequiredService<ILogger<SiloLifecycleSubject>>());
            starting.Participate(lifecycle);
            await lifecycle.OnStart(cancellationToken);
        }

        return new LogRefold(
            store,
            definitions,
            services.GetServices<PredictiveModelType>(),
            services.GetServices<ControlPolicyType>());
    }
}
