using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// Where effects wait for the outside broker. Open while there is a connection to it; meanwhile nothing is kept here:
/// commands wait in their twins, which tell them again, and what is retained is asked for when the broker is back.
/// Thread-safe.
/// </summary>
internal sealed class BridgeOutlet(
    GatewayPeers peers, HandedCommands commands, IOptions<MqttOptions> options) : IDisposable
{
    private const int MaxLasting = 65_536;

    private readonly Lock _lock = new();
    private readonly EffectQueue _queue = new(MaxLasting);
    private readonly BridgedEffects _kinds =
        options.Value.Bridge.IsOn ? options.Value.Bridge.Publish : BridgedEffects.None;

    private volatile bool _isOpen;
    private int _missed;

    /// <summary>By what the answers to the bridge's questions name it.</summary>
    public string Token { get; } = $"{peers.Id}{PresenceInput.GatewayEnd}bridge";

    /// <summary>True while nothing waits.</summary>
    public bool IsEmpty => _queue.IsEmpty;

    /// <summary>True when such an effect would be published now.</summary>
    public bool Wants(EffectKind kind) => _isOpen && Takes(kind);

    /// <summary>Takes effects for the broker; those for another subscriber are none of them.</summary>
    public void Publish(IReadOnlyList<TwinEffect> effects)
    {
        if (!_isOpen || (effects is [{ Recipient: { } recipient }, ..] && recipient != Token))
        {
            return;
        }

        lock (_lock)
        {
            if (_isOpen)
            {
                _queue.Publish([.. effects.Where(effect => Takes(effect.Kind))]);
            }
        }
    }

    /// <inheritdoc cref="IEffectSink.TryRecallAsync"/>
    public Task<bool> TryRecallAsync(TwinEffect command)
    {
        lock (_lock)
        {
            return _isOpen
                ? _queue.TryRecallAsync(command)
                : Task.FromResult(!commands.MayBeOut(command.Command!.Id));
        }
    }

    /// <summary>Something that lasts may have gone by: what stands must be asked for.</summary>
    public void Missed() => Interlocked.Exchange(ref _missed, 1);

    /// <summary>True when something that lasts went by since the last call.</summary>
    public bool TakeLost() => _queue.TakeLost() | (Interlocked.Exchange(ref _missed, 0) == 1);

    /// <summary>Waits until there may be effects to take.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _queue.WaitAsync(cancellationToken);

    /// <summary>Takes the next effect.</summary>
    public bool TryTake([NotNullWhen(true)] out TwinEffect? effect) => _queue.TryTake(out effect);

    /// <summary>Answers a recall.</summary>
    public void Recalled(TwinEffect recall) =>
        _queue.Recalled(recall, !commands.MayBeOut(recall.Command!.Id));

    /// <summary>There is a connection.</summary>
    public void Open()
    {
        commands.BrokerWasAway();
        _isOpen = true;
    }

    /// <summary>There is none any more: what waits is dropped, and who waits is answered.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isOpen = false;
            while (_queue.TryTake(out TwinEffect? effect))
            {
                if (effect.Kind == EffectKind.Recall)
                {
                    Recalled(effect);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private bool Takes(EffectKind kind) => kind switch
    {
        EffectKind.State => _kinds.HasFlag(BridgedEffects.State),
        EffectKind.Prediction => _kinds.HasFlag(BridgedEffects.Predictions),
        EffectKind.Alarm => _kinds.HasFlag(BridgedEffects.Alarms),
        EffectKind.Command => _kinds.HasFlag(BridgedEffects.Commands),
        EffectKind.Desired => _kinds.HasFlag(BridgedEffects.Desired),
        _ => true,
    };
}
