using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TwinGrid.Client;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Another service with TwinGrid.Client in it.</summary>
internal sealed class ClientOfCluster : IAsyncDisposable
{
    private readonly IHost _host;

    private ClientOfCluster(IHost host)
    {
        _host = host;
        Grid = host.Services.GetRequiredService<TwinGridClient>();
    }

    /// <summary>The grid as it sees it.</summary>
    public TwinGridClient Grid { get; }

    /// <summary>Starts the service; it knows only these gateway ports.</summary>
    public static async Task<ClientOfCluster> StartAsync(params int[] gatewayPorts)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.AddTwinGridClient(options => options.Gateways = [.. gatewayPorts.Select(port => $"127.0.0.1:{port}")]);
        IHost host = builder.Build();
        await host.StartAsync();
        return new ClientOfCluster(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
