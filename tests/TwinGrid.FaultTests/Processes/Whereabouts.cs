using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;

namespace TwinGrid.FaultTests.Processes;

/// <summary>
/// Says which twins a silo has, by asking the cluster as an Orleans client: a fault of a silo is measured at its own
/// twins, not at those that it does not concern.
/// </summary>
internal sealed class Whereabouts : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly IHost _host;

    private Whereabouts(IHost host) => _host = host;

    /// <summary>Connects.</summary>
    /// <param name="gatewayPorts">The ports for clients of all silos.</param>
    public static async Task<Whereabouts> ConnectAsync(IEnumerable<int> gatewayPorts)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(
                [.. gatewayPorts.Select(static port => new IPEndPoint(IPAddress.Loopback, port))]);
            client.Services.Configure<ClusterOptions>(static cluster =>
                (cluster.ClusterId, cluster.ServiceId) = ("twingrid", "twingrid"));
            client.Services.Configure<ClientMessagingOptions>(static options => options.ResponseTimeout = Patience);
        });
        IHost host = builder.Build();
        await host.StartAsync();
        return new Whereabouts(host);
    }

    /// <summary>The twins that are active on a silo; null where the cluster does not say.</summary>
    /// <param name="siloPort">The silo's port for other silos.</param>
    /// <param name="twins">The twins in question.</param>
    public async Task<IReadOnlySet<string>?> FindAsync(int siloPort, IEnumerable<string> twins)
    {
        IGrainFactory grains = _host.Services.GetRequiredService<IGrainFactory>();
        IManagementGrain management = grains.GetGrain<IManagementGrain>(0);
        HashSet<string> found = new(StringComparer.Ordinal);
        try
        {
            foreach (string twin in twins)
            {
                ITwin grain = grains.GetGrain<ITwin>(TwinId.Parse(twin, null).ToGrainKey());
                SiloAddress? address = await management.GetActivationAddress(grain).AsTask().WaitAsync(Patience);
                if (address?.Endpoint.Port == siloPort)
                {
                    found.Add(twin);
                }
            }

            return found;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or InvalidOperationException)
        {
            // The cluster is busy with itself: this fault is measured at all twins.
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
