using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Where twins leave their effects: step 7 of the walk. They go to the sessions of this gateway and, where it
/// subscribes to them, to those of every other. Never blocks. Thread-safe.
/// </summary>
internal sealed class EffectRouter(
    EffectQueue queue,
    Subscriptions subscriptions,
    GatewayPeers peers,
    IOptions<MqttOptions> options,
    TimeProvider clock) : IEffectSink
{
    // A twin that goes does not wait for a gateway that does not answer: then its last effects may come late.
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(250);

    private readonly string _root = options.Value.TopicRoot;
    private readonly bool _listens = options.Value.Port >= 0;

    /// <inheritdoc/>
    public bool Wants(TwinId twin, EffectKind kind, string name) =>
        (_listens && kind switch
        {
            EffectKind.State => subscriptions.IsHeard([_root, twin.Kind, twin.Key, TopicNames.State]),
            EffectKind.Prediction => subscriptions.IsHeard([_root, twin.Kind, twin.Key, TopicNames.Predictions, name]),
            EffectKind.Command => subscriptions.IsHeard([_root, twin.Kind, twin.Key, TopicNames.Commands, name]),

            // Alarms are retained: whoever subscribes later is to find them.
            _ => true,
        })
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

        if (_listens)
        {
            queue.Publish(effects);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="TwinGridUnavailableException">A gateway that may have it does not say.</exception>
    public Task<bool> TryRecallAsync(TwinEffect command)
    {
        ArgumentNullException.ThrowIfNull(command);
        Task<bool> here = _listens ? queue.TryRecallAsync(command) : Task.FromResult(true);
        return peers.IsAlone ? here : TryRecallAsync(command, here);
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

    private async Task<bool> TryRecallAsync(TwinEffect command, Task<bool> here)
    {
        // Asked before anything is awaited, so that each stands behind what was published before.
        Task<bool>[] withdrawn =
        [
            here,
            .. peers.All.Where(peer => peer.MayHave(command)).Select(peer => peer.Effects.TryRecallAsync(command)),
        ];
        bool[] answers = await Task.WhenAll(withdrawn).ConfigureAwait(false);
        return Array.TrueForAll(answers, isWithdrawn => isWithdrawn) && !peers.MayHaveBeenSent(command);
    }
}
