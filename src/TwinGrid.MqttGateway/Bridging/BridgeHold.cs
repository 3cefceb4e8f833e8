namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// What one connection took from the broker and has not acknowledged: while that is more than Receive Maximum, or the
/// process holds as much as it may, the connection is not read. A broker that keeps to Receive Maximum (MQTT 5 section
/// 4.9) is always read; mosquitto 2.0.11 does not keep to it: after each acknowledgement it sends as many again, so
/// that of a long queue everything would stand here. Thread-safe.
/// </summary>
/// <param name="most">Receive Maximum; one message more is taken: by it a broker is seen to go beyond.</param>
/// <param name="budget">What the process may hold; null where nothing is taken in.</param>
/// <param name="clock">For the time of the last wait.</param>
internal sealed class BridgeHold(int most, IngestBudget? budget, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _room;
    private int _held;
    private bool _isWaiting;
    private long _waitedUntil;

    private bool IsFull => Volatile.Read(ref _held) > most || budget is { IsFull: true };

    /// <summary>A message was read that wants an acknowledgement.</summary>
    public void Came() => Interlocked.Increment(ref _held);

    /// <summary>A message leaves to be acknowledged.</summary>
    public void Gone()
    {
        if (Interlocked.Decrement(ref _held) == most)
        {
            lock (_lock)
            {
                _room?.TrySetResult();
                _room = null;
            }
        }
    }

    /// <summary>True where the connection was not read for some of the time since: answers may stand unread.</summary>
    /// <param name="timestamp">Of the clock.</param>
    public bool WaitedSince(long timestamp) =>
        Volatile.Read(ref _isWaiting) || Volatile.Read(ref _waitedUntil) - timestamp > 0;

    /// <summary>Ends when there is room for one more.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken) =>
        IsFull ? new ValueTask(WaitForRoomAsync(cancellationToken)) : ValueTask.CompletedTask;

    private async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _isWaiting, true);
        BridgeMetrics.CountHeld(1);
        try
        {
            while (IsFull)
            {
                Task room = budget is { IsFull: true } ? budget.WaitForRoomAsync(clock) : Room();
                await room.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            BridgeMetrics.CountHeld(-1);
            Volatile.Write(ref _waitedUntil, clock.GetTimestamp());
            Volatile.Write(ref _isWaiting, false);
        }
    }

    private Task Room()
    {
        lock (_lock)
        {
            // Whoever leaves from here on finds it.
            TaskCompletionSource room = _room ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return Volatile.Read(ref _held) > most ? room.Task : Task.CompletedTask;
        }
    }
}
