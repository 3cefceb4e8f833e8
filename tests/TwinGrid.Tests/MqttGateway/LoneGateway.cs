using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>Parts of a gateway in a process without a silo.</summary>
internal static class LoneGateway
{
    public static readonly IOptions<MqttOptions> Options = Microsoft.Extensions.Options.Options.Create(
        new MqttOptions());

    /// <summary>No others.</summary>
    public static GatewayPeers Peers(TimeProvider clock) => new(
        new ServiceCollection().BuildServiceProvider(),
        new LocalInterest(Options),
        Options,
        clock,
        NullLogger<GatewayPeers>.Instance);
}
