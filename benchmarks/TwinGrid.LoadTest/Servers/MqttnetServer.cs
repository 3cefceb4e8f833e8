using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MQTTnet.AspNetCore;

namespace TwinGrid.LoadTest.Servers;

/// <summary>
/// MQTTnet's server on Kestrel as a process to compare with: it decodes each publish, hands it over, and acknowledges
/// it. It keeps nothing and relays nothing.
/// </summary>
internal static class MqttnetServer
{
    /// <summary>The argument that makes this program such a server.</summary>
    public const string Verb = "serve-mqttnet";

    /// <summary>Listens until the one who started it goes.</summary>
    public static async Task RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseMqtt()));
        builder.Services.AddConnections();
        builder.Services.AddHostedMqttServer(static _ => { });
        builder.Services.AddMqttConnectionHandler();
        await using WebApplication app = builder.Build();
        app.UseMqttServer(static server => server.InterceptingPublishAsync += static e =>
        {
            e.ProcessPublish = false;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        await ServingUntil.InputClosesAsync(app);
    }
}
