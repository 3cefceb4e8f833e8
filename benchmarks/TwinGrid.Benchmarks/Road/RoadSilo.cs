using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Benchmarks.Road;

/// <summary>A silo with twins over SQLite in a directory of its own, and a subscriber that wants nothing.</summary>
internal sealed class RoadSilo : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-road-").FullName;
    private readonly IHost _host;

    public RoadSilo(Acknowledgement acknowledge)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo =>
        {
            (int siloPort, int gatewayPort) = (FreePort(), FreePort());
            silo.UseLocalhostClustering(siloPort, gatewayPort, serviceId: "road", clusterId: "road");
            silo.Configure<ClusterMembershipOptions>(options => options.LivenessEnabled = false);
            silo.AddMemoryGrainStorage(TwinsSiloBuilderExtensions.ControlPlaneStorage);
            silo.Services.AddSqliteTwinStore(_directory);
            silo.Services.AddSingleton<IEffectSink, Nobody>();
            silo.Services.Configure<IngestOptions>(options => options.Acknowledge = acknowledge);
            silo.Services.Configure<LimitOptions>(options => options.NewTwinsPerMinute = 1_000_000);
            silo.AddTwins();
        });
        _host = builder.Build();
    }

    public ITwinIngest Road => _host.Services.GetRequiredService<ITwinIngest>();

    public Task StartAsync() => _host.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Nobody : IEffectSink
    {
        public bool Wants(TwinId twin, EffectKind kind, string name) => false;

        public void Publish(IReadOnlyList<TwinEffect> effects)
        {
        }
    }
}
