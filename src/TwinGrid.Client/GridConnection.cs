using System.Net;
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

    /// <summary>
    /// How long one attempt waits, beside the time that the call itself waits: what a silo answers takes milliseconds,
    /// what a silo lost takes Orleans' 30 s.
    /// </summary>
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan LearnEvery = TimeSpan.FromSeconds(5);

    /// <summary>How soon Orleans looks at what was learnt: the only silo that was named may go at once.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = logs.CreateLogger<GridConnection>();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<IGrainFactory> _connected =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _lock = new();
    private readonly NamedGateways _gateways =
        new([.. Gateways(options.Value).Select(TwinGridClientOptions.ToEndPoint)]);

    private CancellationTokenSource _lost = new();
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

        // It uses what is disposed here, and nobody may have called StopAsync. It never fails.
        await _connecting;
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        _stop.Dispose();
        _lost.Dispose();
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
                // A wait for what is there already does not look at it.
                end.Token.ThrowIfCancellationRequested();
                IGrainFactory grains = await _connected.Task.WaitAsync(end.Token);
                return await AttemptAsync(() => call(grains), wait, end.Token);
            }
            catch (OperationCanceledException e) when (late.IsCancellationRequested
                && !cancellationToken.IsCancellationRequested)
            {
                throw new TwinGridUnavailableException(Explain(), _lastFailure ?? e);
            }
            catch (OperationCanceledException e) when (!end.IsCancellationRequested && !_stop.IsCancellationRequested)
            {
                // Nobody here cancelled it: a silo did, as when a death ends the load of a twin.
                _lastFailure = e;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or TwinGridUnavailableException
                && !end.IsCancellationRequested)
            {
                _lastFailure = e;
            }

            await Task.Delay(RetryPause, clock, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Makes one attempt. What is under way through a silo that dies is answered by nobody, and through which silo
    /// a call goes only Orleans knows: when a connection is lost all calls are made again.
    /// </summary>
    private async Task<T> AttemptAsync<T>(Func<Task<T>> call, TimeSpan wait, CancellationToken cancellationToken)
    {
        // Taken before the call begins: it may go through the very connection that is lost next.
        CancellationToken lost;
        lock (_lock)
        {
            lost = _lost.Token;
        }

        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(lost, cancellationToken);
        try
        {
            return await call().WaitAsync(LongestAttempt + wait, clock, either.Token);
        }
        catch (OperationCanceledException e) when (lost.IsCancellationRequested
            && !cancellationToken.IsCancellationRequested)
        {
            throw new TwinGridUnavailableException("the connection to a silo was lost", e);
        }
    }

    private void OnGatewaysChanged(int now, int before)
    {
        if (now >= before || _stop.IsCancellationRequested)
        {
            return;
        }

        CancellationTokenSource lost;
        lock (_lock)
        {
            (lost, _lost) = (_lost, new CancellationTokenSource());
        }

        // Whoever waits goes on elsewhere, not on the thread of the connection that ends.
        _ = lost.CancelAsync().ContinueWith(
            static (_, source) => ((CancellationTokenSource)source!).Dispose(), lost, TaskScheduler.Default);
    }

    /// <summary>Asks the cluster for its silos again and again, so that all of those named at first may go.</summary>
    private async Task LearnAsync(IGrainFactory grains)
    {
        IManagementGrain management = grains.GetGrain<IManagementGrain>(0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                MembershipEntry[] silos = await AttemptAsync(
                    () => management.GetDetailedHosts(onlyActive: true), TimeSpan.Zero, _stop.Token);
                _gateways.Learn([.. silos.Where(static silo => silo.ProxyPort > 0)
                    .Select(static silo => new IPEndPoint(silo.SiloAddress.Endpoint.Address, silo.ProxyPort))]);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or TwinGridUnavailableException)
            {
                LogNotLearnt(_log, e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(LearnEvery, clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            client.AddGatewayCountChangedHandler((_, change) => OnGatewaysChanged(
                change.NumberOfConnectedGateways, change.PreviousNumberOfConnectedGateways));
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = LookEvery);
            client.Services.AddSingleton<IGatewayListProvider>(_gateways);
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

            IClusterClient client = services.GetRequiredService<IClusterClient>();
            _connected.TrySetResult(client);
            await LearnAsync(client);
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

    [LoggerMessage(3, LogLevel.Debug, "The cluster did not tell which silos it has: {Reason}")]
    private static partial void LogNotLearnt(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Error, "The client of the grid could not be made")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
