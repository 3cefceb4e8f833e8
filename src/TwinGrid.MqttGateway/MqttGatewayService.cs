using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Listening;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway;

/// <summary>
/// The gateway's front door in a host: starts its parts from the inside out and stops them from the outside in.
/// Register it after the silo, so that it starts when twins can be reached and stops before they cannot.
/// </summary>
internal sealed class MqttGatewayService(
    DeadLetterLog deadLetters,
    SessionRows rows,
    SessionRegistry sessions,
    CatchUp catchUp,
    GatewayPeers peers,
    EffectPump pump,
    MqttListener listener,
    MqttBridge bridge,
    IOptions<MqttOptions> options) : IHostedService
{
    private readonly bool _listens = options.Value.Listens;
    private readonly bool _isGateway = options.Value.IsGateway;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!_isGateway)
        {
            return;
        }

        deadLetters.Start();
        if (_listens)
        {
            rows.Start();
            sessions.Observe();
            await sessions.LoadAsync(cancellationToken);
            catchUp.Start();
        }

        // The others know of this gateway before it has a session.
        await peers.SpreadAsync();
        if (_listens)
        {
            await listener.StartAsync(cancellationToken);
            pump.Start();
        }

        bridge.Start();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_isGateway)
        {
            return;
        }

        await bridge.StopAsync();
        if (_listens)
        {
            await pump.StopAsync();
            await listener.StopAsync(cancellationToken);
            await catchUp.StopAsync();
        }

        // While others may still claim sessions of this gateway, their rows are written.
        await peers.LeaveAsync();
        if (_listens)
        {
            await sessions.StopAsync();
            await rows.StopAsync();
        }

        await deadLetters.StopAsync();
    }
}
