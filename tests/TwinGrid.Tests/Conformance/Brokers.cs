using Microsoft.Extensions.DependencyInjection;
using TwinGrid.MqttGateway;
using TwinGrid.Tests.Conformance;
using TwinGrid.Tests.MqttGateway;

[assembly: AssemblyFixture(typeof(Brokers))]

namespace TwinGrid.Tests.Conformance;

/// <summary>The servers that the suite plays against, one of each for all tests, started when asked for.</summary>
public sealed class Brokers : IAsyncDisposable
{
    public const string TwinGrid = "TwinGrid";
    public const string Mosquitto = "mosquitto";

    private readonly Lazy<Task<RunningGateway>> _gateway = new(() => RunningGateway.StartAsync(more: OpenTopics));
    private readonly Lazy<Task<MosquittoBroker>> _mosquitto = new(MosquittoBroker.StartAsync);

    /// <summary>The port of a server by its name.</summary>
    public async Task<int> PortAsync(string server) =>
        server == TwinGrid ? (await _gateway.Value).Port : (await _mosquitto.Value).Port;

    public async ValueTask DisposeAsync()
    {
        if (_gateway.IsValueCreated)
        {
            await (await _gateway.Value).DisposeAsync();
        }

        if (_mosquitto is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _mosquitto.Value).DisposeAsync();
        }
    }

    private static void OpenTopics(IServiceCollection services) =>
        services.Configure<MqttOptions>(options => options.OpenTopics = true);
}
