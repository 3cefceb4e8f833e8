using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using TwinGrid.Hosting.Startup;
using TwinGrid.Twins.History;

namespace TwinGrid.Hosting.Verification;

/// <summary>
/// Opens what is needed to read definitions, and to fold logs again, where no silo runs: Orleans' grain storage, and
/// the store. One caller at a time.
/// </summary>
internal sealed class StoredLogs(IServiceProvider services)
{
    private IGrainStorage? _definitions;

    /// <summary>Reads all definitions, and tells those that are damaged.</summary>
    /// <exception cref="System.Data.Common.DbException">The database does not answer.</exception>
    public async Task<IAsyncEnumerable<StoreDamage>> VerifyDefinitionsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> keys = await services.GetRequiredService<ControlPlaneTables>()
            .ReadKeysAsync(DefinitionVerifier.StateName, cancellationToken);
        return keys.Count == 0
            ? AsyncEnumerable.Empty<StoreDamage>()
            : new DefinitionVerifier(await OpenDefinitionsAsync(cancellationToken)).RunAsync(keys, cancellationToken);
    }

    /// <summary>Opens what folds logs again.</summary>
    /// <exception cref="TwinGridException">It is not there, or cannot be read.</exception>
    public async Task<LogRefold> OpenAsync(CancellationToken cancellationToken)
    {
        ITwinStore store = services.GetRequiredService<ITwinStore>();
        await store.OpenToReadAsync(cancellationToken);
        return new LogRefold(
            store,
            await OpenDefinitionsAsync(cancellationToken),
            services.GetServices<PredictiveModelType>(),
            services.GetServices<ControlPolicyType>());
    }

    private async Task<IGrainStorage> OpenDefinitionsAsync(CancellationToken cancellationToken)
    {
        if (_definitions is null)
        {
            IGrainStorage definitions = services.GetRequiredKeyedService<IGrainStorage>(
                TwinsSiloBuilderExtensions.ControlPlaneStorage);
            if (definitions is ILifecycleParticipant<ISiloLifecycle> starting)
            {
                // It opens its database in the lifecycle of a silo; of this one it is the only part.
                SiloLifecycleSubject lifecycle = new(services.GetRequiredService<ILogger<SiloLifecycleSubject>>());
                starting.Participate(lifecycle);
                await lifecycle.OnStart(cancellationToken);
            }

            _definitions = definitions;
        }

        return _definitions;
    }
}
