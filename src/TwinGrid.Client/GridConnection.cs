using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;

namespace TwinGrid.Client;

/// <summary>
/// The connection to the grid: an Orleans client in a container of its own, so that the host may have a silo or a
/// client of another cluster, and so that the host's start does not wait for the grid. Thread-safe.
/// </summary>
internal sealed partial class GridConnection(
    IOptions<TwinGridClientOptions> options, ILoggerFactory logs, TimeProvider clock)
    : IHostedService, IClientConnectionRetryFilter, IAsyncDisposable
{
    private static readonly string[] DefaultGateways = ["127.0.0.1:30000"];

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private readonly ILogger _log = logs.CreateLogger<GridConnection>();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<IGrainFactory> _connected =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProvider? _services;
    private Task _connecting = Task.CompletedTask;
    private volatile Exception? _lastFailure;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _services = Build();
        _connecting = ConnectAsync(_services);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _connecting.WaitAsync(cancellationToken);
        foreach (IHostedService service in _services?.GetServices<IHostedService>() ?? [])
        {
            await service.StopAsync(cancellationToken);
        }
    }

    /// <summary>The container holds this twice, as itself and as a hosted service, and disposes it twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
        }

        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        _stop.Dispose();
    }

    /// <summary>
    /// Makes a call that may safely be made twice: again and again while silos come and go, until it took too long.
    /// </summary>
    /// <exception cref="TwinGridUnavailableException">It took too long.</exception>
    public Task<T> CallAsync<T>(Func<IGrainFactory, Task<T>> call, CancellationToken cancellationToken) =>
        CallAsync(call, TimeSpan.Zero, cancellationToken);

    /// <summary>The same for a call that itself waits for a while.</summary>
    public async Task<T> CallAsync<T>(
        Func<IGrainFactory, Task<T>> call, TimeSpan wait, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(options.Value.Timeout + wait, clock);
        using CancellationTokenSource end =
            CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        while (true)
        {
            try
            {
                IGrainFactory grains = await _connected.Task.WaitAsync(end.Token);
                return await call(grains).WaitAsync(end.Token);
            }
            catch (OperationCanceledException e) when (late.IsCancellationRequested
                && !cancellationToken.IsCancellationRequested)
            {
                throw new TwinGridUnavailableException(Explain(), _lastFailure ?? e);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or TwinGridUnavailableException
                && !end.IsCancellationRequested)
            {
                _lastFailure = e;
            }

            await Task.Delay(RetryPause, clock, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Orleans asks this whenever no gateway could be reached while it connects.</summary>
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (_lastFailure is null)
        {
            LogConnecting(_log, Explain());
        }

        _lastFailure = exception;
        await Task.Delay(RetryPause, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
    }

    private ServiceProvider Build()
    {
        TwinGridClientOptions grid = options.Value;
        ServiceCollection services = new();
        services.AddSingleton(logs);
        services.AddLogging();
        services.AddSingleton(clock);
        services.AddOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = grid.ClusterId;
                cluster.ServiceId = grid.ServiceId;
            });
            client.UseConnectionRetryFilter(this);
            client.Services.AddSingleton<IGatewayListProvider>(
                new NamedGateways([.. Gateways(grid).Select(TwinGridClientOptions.ToEndPoint)]));
        });
        return services.BuildServiceProvider();
    }

    private async Task ConnectAsync(ServiceProvider services)
    {
        try
        {
            foreach (IHostedService service in services.GetServices<IHostedService>())
            {
                await service.StartAsync(_stop.Token);
            }

            _connected.TrySetResult(services.GetRequiredService<IClusterClient>());
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            _connected.TrySetCanceled(_stop.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nobody awaits this task while the host runs: every call then says what happened.
            LogFailed(_log, e);
            _connected.TrySetException(new TwinGridUnavailableException(Explain(), e));
        }
    }

    private string Explain() =>
        $"no silo of cluster '{options.Value.ClusterId}' answers at {string.Join(", ", Gateways(options.Value))}: is "
        + $"it running, and are {TwinGridClientOptions.Section}:Gateways and {TwinGridClientOptions.Section}:ClusterId "
        + "those of its TwinGrid:Cluster:GatewayPort and TwinGrid:Cluster:ClusterId?";

    private static string[] Gateways(TwinGridClientOptions grid) =>
        grid.Gateways.Length == 0 ? DefaultGateways : grid.Gateways;

    [LoggerMessage(1, LogLevel.Warning, "Trying again: {Problem}")]
    private static partial void LogConnecting(ILogger logger, string problem);

    [LoggerMessage(2, LogLevel.Error, "The client of the grid could not be made")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
