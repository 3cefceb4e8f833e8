using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Where twins leave their effects: step 7 of the walk. They go to the sessions of this gateway and, where it
/// subscribes to them, to those of every other, and over the bridge. Never blocks. Thread-safe.
/// </summary>
internal sealed class EffectRouter(
    GatewayEffects here,
    BridgeOutlet bridge,
    Subscriptions subscriptions,
    GatewayPeers peers,
    IOptions<MqttOptions> options,
    TimeProvider clock) : IEffectSink
{
    // A twin that goes does not wait for a gateway that does not answer: then its last effects may come late.
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(250);

    private readonly bool _listens = options.Value.Listens;

    /// <inheritdoc/>
    public bool Wants(TwinId twin, EffectKind kind, string name) =>
        // Alarms and the like are retained: whoever subscribes later is to find them.
        (_listens && (kind is not (EffectKind.State or EffectKind.Prediction or EffectKind.Command)
            || subscriptions.Hear(twin, kind, name)))
        || bridge.Wants(kind)
        || peers.Hear(twin, kind, name);

    /// <inheritdoc/>
    public void Publish(IReadOnlyList<TwinEffect> effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        IReadOnlyList<GatewayPeer> others = peers.All;
        if (others.Count > 0 && effects is [{ Recipient: { } recipient }, ..])
        {
            // The answer to one subscriber, wherever its session is.
            if (peers.Find(recipient) is { } owner)
            {
                owner.Effects.Publish(effects);
                return;
            }
        }
        else
        {
            for (int i = 0; i < others.Count; i++)
            {
                others[i].Offer(effects);
            }
        }

        here.Publish(effects);
    }

    /// <inheritdoc/>
    /// <exception cref="TwinGridUnavailableException">A gateway that may have it does not say.</exception>
    public Task<bool> TryRecallAsync(TwinEffect command)
    {
        ArgumentNullException.ThrowIfNull(command);
        Task<bool> withdrawn = here.TryRecallAsync(command);
        return peers.IsAlone ? withdrawn : TryRecallAsync(command, withdrawn);
    }

    /// <inheritdoc/>
    public Task LeaveAsync()
    {
        IReadOnlyList<GatewayPeer> others = peers.All;
        List<Task>? leaving = null;
        for (int i = 0; i < others.Count; i++)
        {
            Task left = others[i].Effects.LeaveAsync();
            if (!left.IsCompleted)
            {
                (leaving ??= []).Add(left);
            }
        }

        return leaving is null ? Task.CompletedTask : WaitAsync(Task.WhenAll(leaving));
    }

    private async Task WaitAsync(Task left) =>
        await left.WaitAsync(Farewell, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<bool> TryRecallAsync(TwinEffect command, Task<bool> local)
    {
        // Asked before anything is awaited, so that each stands behind what was published before.
        Task<bool>[] withdrawn =
        [
            local,
            .. peers.All.Where(peer => peer.MayHave(command)).Select(peer => peer.Effects.TryRecallAsync(command)),
        ];
        bool[] answers = await Task.WhenAll(withdrawn).ConfigureAwait(false);
        return Array.TrueForAll(answers, isWithdrawn => isWithdrawn) && !peers.MayHaveBeenSent(command);
    }
}
