using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TwinGrid.Hosting.Clustering;
using TwinGrid.Hosting.Security;

namespace TwinGrid.Hosting.Startup;

/// <summary>
/// What must be right before the silo starts, in this order: configuration, definitions, the data directory's lock,
/// ports, the store. Runs before every hosted service, whoever registered it first. What comes later is resolved only
/// when what comes before is right.
/// </summary>
internal sealed class GridStartup(
    IServiceProvider services, IOptions<TwinGridOptions> options, ListenerCheck listeners)
    : IHostedLifecycleService
{
    private readonly Lock _gate = new();
    private Task? _prepared;

    /// <summary>Does it once.</summary>
    /// <exception cref="OptionsValidationException">Keys or values of the configuration are wrong.</exception>
    /// <exception cref="TwinGridException">Something else is in the way; the message says what to do.</exception>
    public Task PrepareAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _prepared ??= PrepareOnceAsync(cancellationToken);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => PrepareAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task PrepareOnceAsync(CancellationToken cancellationToken)
    {
        _ = options.Value;
        listeners.JudgePlaintext();
        services.GetRequiredService<DefinitionCheck>().Judge();
        ControlPlaneTables tables = services.GetRequiredService<ControlPlaneTables>();
        listeners.JudgePorts();
        await tables.CreateAsync(cancellationToken);
        if (services.GetService<MembershipTables>() is { } membership)
        {
            await membership.CreateAsync(cancellationToken);
        }

        await services.GetRequiredService<ITwinStore>().InitializeAsync(cancellationToken);
    }
}
