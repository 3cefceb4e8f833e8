using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Effects on their way to the sessions of one gateway, this one or another. Never blocks. Alarms, commands and
/// deletions keep their order and go first; of states and predictions only the newest of each twin and model waits, and
/// where too many wait, the oldest goes. Thread-safe.
/// </summary>
/// <param name="maxLasting">The most alarms, commands and deletions that wait.</param>
internal sealed class EffectQueue(int maxLasting = EffectQueue.MaxLasting) : IDisposable
{
    /// <summary>The most states and predictions that wait.</summary>
    public const int MaxFleeting = 16_384;

    /// <summary>
    /// The most alarms, commands and deletions that wait; the twins keep them, so that a later subscription finds
    /// them.
    /// </summary>
    public const int MaxLasting = 262_144;

    private static readonly Counter<long> Dropped = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.effects.dropped",
        "{effect}",
        "effects that no subscriber got because newer ones or too many waited");

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _waiting = new(0);
    private readonly Queue<TwinEffect> _lasting = new();
    private readonly Queue<Place> _order = new();
    private readonly Dictionary<Place, TwinEffect> _newest = [];
    private readonly Dictionary<TwinEffect, TaskCompletionSource<bool>> _recalls =
        new(ReferenceEqualityComparer.Instance);

    private bool _isClosed;
    private bool _hasLost;

    /// <summary>True while nothing waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _lasting.Count == 0 && _order.Count == 0;
            }
        }
    }

    /// <inheritdoc cref="IEffectSink.Publish"/>
    public void Publish(IReadOnlyList<TwinEffect> effects)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            foreach (TwinEffect effect in effects)
            {
                if (effect.Kind is EffectKind.State or EffectKind.Prediction)
                {
                    AddFleeting(effect);
                }
                else
                {
                    AddLasting(effect);
                }
            }

            if (_waiting.CurrentCount == 0)
            {
                _waiting.Release();
            }
        }
    }

    /// <inheritdoc cref="IEffectSink.TryRecallAsync"/>
    /// <exception cref="TwinGridUnavailableException">Too much waits before it, or the gateway stops.</exception>
    public Task<bool> TryRecallAsync(TwinEffect command)
    {
        TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isClosed || _lasting.Count >= maxLasting)
            {
                return Task.FromException<bool>(new TwinGridUnavailableException("the MQTT gateway does not keep up"));
            }

            _recalls.Add(command, answer);
            _lasting.Enqueue(command);
            if (_waiting.CurrentCount == 0)
            {
                _waiting.Release();
            }
        }

        return answer.Task;
    }

    /// <summary>It is known whether a command was withdrawn; anything but a recall is ignored.</summary>
    public void Recalled(TwinEffect command, bool isWithdrawn)
    {
        lock (_lock)
        {
            if (_recalls.Remove(command, out TaskCompletionSource<bool>? answer))
            {
                answer.SetResult(isWithdrawn);
            }
        }
    }

    /// <summary>Nobody takes effects any more: who waits for a recall hears of it.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (TaskCompletionSource<bool> answer in _recalls.Values)
            {
                answer.SetException(new TwinGridUnavailableException("the MQTT gateway stops"));
            }

            _recalls.Clear();
        }
    }

    /// <summary>True when an alarm or the like went by for want of room since the last call.</summary>
    public bool TakeLost()
    {
        lock (_lock)
        {
            bool hasLost = _hasLost;
            _hasLost = false;
            return hasLost;
        }
    }

    /// <summary>Waits until there may be effects to take.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _waiting.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _waiting.Dispose();

    /// <summary>Takes the next effect.</summary>
    public bool TryTake([NotNullWhen(true)] out TwinEffect? effect)
    {
        lock (_lock)
        {
            if (_lasting.TryDequeue(out effect))
            {
                return true;
            }

            return _order.TryDequeue(out Place place) && _newest.Remove(place, out effect);
        }
    }

    private void AddFleeting(TwinEffect effect)
    {
        Place place = new(effect.Twin, effect.Kind, effect.Name);
        if (_newest.ContainsKey(place))
        {
            _newest[place] = effect;
            Count(effect.Kind, "conflated");
            return;
        }

        if (_order.Count == MaxFleeting)
        {
            Place oldest = _order.Dequeue();
            _newest.Remove(oldest);
            Count(oldest.Kind, "overflow");
        }

        _newest.Add(place, effect);
        _order.Enqueue(place);
    }

    private void AddLasting(TwinEffect effect)
    {
        if (_lasting.Count >= maxLasting)
        {
            _hasLost = true;
            Count(effect.Kind, "overflow");
            return;
        }

        _lasting.Enqueue(effect);
    }

    private static void Count(EffectKind kind, string why) => Dropped.Add(
        1,
        new KeyValuePair<string, object?>("kind", EffectPump.Word(kind)),
        new KeyValuePair<string, object?>("why", why));

    private readonly record struct Place(TwinId Twin, EffectKind Kind, string Name);
}
