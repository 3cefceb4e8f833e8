using System.Diagnostics.Metrics;
using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Effects on their way to the gateway of another silo: in their order, what gathers while a batch is under way is the
/// next one. A batch is sent until it is answered; its number tells the receiver whether it came before. Thread-safe.
/// </summary>
/// <param name="road">The way to that gateway.</param>
/// <param name="self">This silo.</param>
internal sealed class EffectLane(GatewayRoad road, SiloAddress self) : IDisposable
{
    /// <summary>
    /// The most alarms, commands and deletions that wait; beyond that they go by, and the gateway asks for what stands.
    /// </summary>
    public const int MaxLasting = 65_536;

    private const int MostInBatch = 256;

    private static readonly Counter<long> Remote = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.effects.remote", "{effect}", "effects that were sent to the gateways of other silos");

    private readonly EffectQueue _queue = new(MaxLasting);
    private readonly Lock _lock = new();
    private readonly List<(long After, TaskCompletionSource Left)> _leaving = [];
    private bool _isSending;
    private bool _isClosed;
    private long _batches;

    /// <summary>Takes effects for sessions of that gateway.</summary>
    public void Publish(IReadOnlyList<TwinEffect> effects) => _queue.Publish(effects);

    /// <inheritdoc cref="IEffectSink.TryRecallAsync"/>
    /// <exception cref="TwinGridUnavailableException">The gateway is gone or does not keep up.</exception>
    public Task<bool> TryRecallAsync(TwinEffect command) => _queue.TryRecallAsync(command);

    /// <summary>Ends when what was published before has arrived: with the batch after the one under way.</summary>
    public Task LeaveAsync()
    {
        lock (_lock)
        {
            if (_isClosed || (!_isSending && _queue.IsEmpty))
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _leaving.Add((_batches + 1, left));
            return left.Task;
        }
    }

    /// <summary>Sends until the gateway is gone.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _queue.WaitAsync(road.Gone).ConfigureAwait(false);
                while (TakeBatch() is { } batch)
                {
                    bool[] withdrawn = await road.AskAsync(gateway => gateway.DeliverAsync(batch))
                        .ConfigureAwait(false);
                    Remote.Add(batch.Effects.Length);
                    Answer(batch, withdrawn);
                    Sent();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway is gone, and so are its sessions' connections.
        }

        _queue.Close();
        lock (_lock)
        {
            _isClosed = true;
        }

        Sent();
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private EffectBatch? TakeBatch()
    {
        lock (_lock)
        {
            _isSending = true;
        }

        List<TwinEffect> effects = [];
        while (effects.Count < MostInBatch && _queue.TryTake(out TwinEffect? effect))
        {
            effects.Add(effect);
        }

        // Said once all is sent that there was room for: asking for the rest would only add to it.
        bool hasLost = effects.Count < MostInBatch && _queue.TakeLost();
        if (effects.Count > 0 || hasLost)
        {
            return new EffectBatch
            {
                Sender = self,
                Number = Interlocked.Increment(ref _batches),
                Effects = [.. effects],
                HasLost = hasLost,
            };
        }

        lock (_lock)
        {
            _isSending = false;
        }

        Sent();
        return null;
    }

    private void Answer(EffectBatch batch, bool[] withdrawn)
    {
        int recall = 0;
        foreach (TwinEffect effect in batch.Effects)
        {
            if (effect.Kind == EffectKind.Recall)
            {
                _queue.Recalled(effect, recall < withdrawn.Length && withdrawn[recall]);
                recall++;
            }
        }
    }

    private void Sent()
    {
        lock (_lock)
        {
            bool isIdle = _isClosed || (!_isSending && _queue.IsEmpty);
            for (int i = _leaving.Count - 1; i >= 0; i--)
            {
                if (isIdle || _leaving[i].After <= _batches)
                {
                    _leaving[i].Left.TrySetResult();
                    _leaving.RemoveAt(i);
                }
            }
        }
    }
}
