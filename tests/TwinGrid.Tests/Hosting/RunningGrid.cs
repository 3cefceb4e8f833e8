using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TwinGrid.Hosting;

namespace TwinGrid.Tests.Hosting;

/// <summary>A whole grid in this process: real silo, real sockets on free ports, a data directory of its own.</summary>
internal sealed class RunningGrid : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _directory;

    private RunningGrid(WebApplication app, DirectoryInfo directory, int gatewayPort)
    {
        _app = app;
        _directory = directory;
        GatewayPort = gatewayPort;
        Web = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Web };
    }

    public Uri Web { get; }

    public HttpClient Http { get; }

    public int GatewayPort { get; }

    public string DataDirectory => _directory.FullName;

    public IServiceProvider Services => _app.Services;

    public static async Task<RunningGrid> StartAsync(
        Action<TwinGridSiloBuilder>? configure = null, params (string Key, string Value)[] settings)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("twingrid-test-");
        int[] ports = FreePorts(2);
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TwinGrid:DataDirectory"] = directory.FullName,
            ["TwinGrid:Http:Port"] = "0",
            ["TwinGrid:Mqtt:Port"] = "0",
            ["TwinGrid:Cluster:SiloPort"] = $"{ports[0]}",
            ["TwinGrid:Cluster:GatewayPort"] = $"{ports[1]}",
            ["Logging:LogLevel:Default"] = "Critical",
        });
        builder.Configuration.AddInMemoryCollection(
            settings.Select(static setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddTwinGridSilo(configure);
        builder.UseTwinGridHttp();
        WebApplication app = builder.Build();
        app.MapTwinGrid();
        try
        {
            await app.StartAsync();
            return new RunningGrid(app, directory, ports[1]);
        }
        catch
        {
            await app.DisposeAsync();
            directory.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Ports that were free a moment ago.</summary>
    public static int[] FreePorts(int count)
    {
        Socket[] sockets = [.. Enumerable.Range(0, count).Select(static _ =>
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        })];
        int[] ports = [.. sockets.Select(static socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        Array.ForEach(sockets, static socket => socket.Dispose());
        return ports;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
