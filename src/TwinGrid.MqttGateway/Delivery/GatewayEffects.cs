using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Bridging;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Effects that are for this gateway, from twins of here and of elsewhere: to the sessions of its listener and over its
/// bridge, where it has them. Thread-safe.
/// </summary>
internal sealed class GatewayEffects(EffectQueue sessions, BridgeOutlet bridge, IOptions<MqttOptions> options)
{
    private readonly bool _listens = options.Value.Listens;

    /// <inheritdoc cref="IEffectSink.Publish"/>
    public void Publish(IReadOnlyList<TwinEffect> effects)
    {
        if (_listens)
        {
            sessions.Publish(effects);
        }

        bridge.Publish(effects);
    }

    /// <inheritdoc cref="IEffectSink.TryRecallAsync"/>
    public Task<bool> TryRecallAsync(TwinEffect command)
    {
        Task<bool> bridged = bridge.TryRecallAsync(command);
        return !_listens ? bridged
            : bridged is { IsCompletedSuccessfully: true, Result: true } ? sessions.TryRecallAsync(command)
            : TryRecallAsync(sessions.TryRecallAsync(command), bridged);
    }

    private static async Task<bool> TryRecallAsync(Task<bool> listened, Task<bool> bridged)
    {
        bool[] withdrawn = await Task.WhenAll(listened, bridged).ConfigureAwait(false);
        return withdrawn[0] && withdrawn[1];
    }
}
