using System.Collections.Concurrent;
using Orleans.Runtime;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Effects that come from the twins of other silos: each batch once and in the sender's order, into the same queue as
/// the effects of this silo's twins. Thread-safe.
/// </summary>
internal sealed class EffectArrivals(
    GatewayEffects here, GatewayPeers peers, SessionRegistry sessions, BridgeOutlet bridge)
{
    private readonly ConcurrentDictionary<SiloAddress, long> _numbers = new();

    /// <summary>Takes a batch; ends with the answers to its recalls, in their order.</summary>
    /// <exception cref="DeclaredDeadException">
    /// The sender was declared dead: its twins tell from elsewhere, and what it still has is older than that.
    /// </exception>
    public Task<bool[]> TakeAsync(EffectBatch batch)
    {
        if (peers.IsDead(batch.Sender))
        {
            _numbers.TryRemove(batch.Sender, out _);
            throw new DeclaredDeadException($"{batch.Sender} was declared dead: its effects count no more");
        }

        // What comes again is not published again; what it calls back is asked for again, since the answer was lost.
        bool isNew = _numbers.GetValueOrDefault(batch.Sender) < batch.Number;
        _numbers[batch.Sender] = Math.Max(batch.Number, _numbers.GetValueOrDefault(batch.Sender));
        List<TwinEffect> effects = [];
        List<Task<bool>> recalls = [];
        foreach (TwinEffect effect in batch.Effects)
        {
            if (effect.Kind != EffectKind.Recall)
            {
                effects.Add(effect);
                continue;
            }

            Publish(effects, isNew);
            recalls.Add(here.TryRecallAsync(effect));
        }

        Publish(effects, isNew);
        if (isNew && batch.HasLost)
        {
            sessions.CatchUpAll(fleetIsKnown: false);
            bridge.Missed();
        }

        return recalls.Count == 0 ? Task.FromResult<bool[]>([]) : Task.WhenAll(recalls);
    }

    private void Publish(List<TwinEffect> effects, bool isNew)
    {
        if (isNew && effects.Count > 0)
        {
            here.Publish(effects);
        }

        effects.Clear();
    }
}
