using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// What goes out on one connection: answers, which any thread may give, and the session's messages. Everything that
/// came together while the last flush was under way leaves in one. Thread-safe.
/// </summary>
internal sealed class ConnectionOutput(PipeWriter pipe, TimeProvider clock) : IThreadPoolWorkItem
{
    /// <summary>Answers that wait, bytes: above it the connection is not read, so that it cannot make more.</summary>
    private const int Congested = 8 * 1_024;

    private readonly Lock _lock = new();
    private PooledBuffer _waiting = new();
    private PooledBuffer _leaving = new();
    private SessionDeliveries? _deliveries;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _relief;
    private bool _isScheduled;
    private bool _isClosed;
    private long _stalledSince;

    /// <summary>What the client speaks.</summary>
    public ProtocolVersion Version { get; set; } = ProtocolVersion.V311;

    /// <summary>The largest packet that the client takes, in bytes.</summary>
    public uint Largest { get; set; } = uint.MaxValue;

    /// <summary>True while so much waits that nothing may be added by reading on.</summary>
    public bool IsCongested => Volatile.Read(ref _waiting).Count > Congested;

    /// <summary>How long the other side has not taken anything although there is something.</summary>
    public TimeSpan Stalled =>
        Volatile.Read(ref _stalledSince) is var since and not 0 ? clock.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>From now on the session's messages go out here too.</summary>
    public void Open(SessionDeliveries deliveries)
    {
        lock (_lock)
        {
            _deliveries = deliveries;
        }

        Wake();
    }

    /// <summary>Writes the answer to a PUBLISH or what follows it.</summary>
    public void Answer(PacketType type, ushort packetId, ReasonCode reason, string? detail)
    {
        bool isFirst;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            PacketWriter.Answer(_waiting, type, Version, packetId, reason, detail, Largest);
            isFirst = Schedule();
        }

        Run(isFirst);
    }

    /// <summary>Writes any packet.</summary>
    /// <param name="write">Writes it.</param>
    public void Write(Action<IBufferWriter<byte>> write)
    {
        bool isFirst;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            write(_waiting);
            isFirst = Schedule();
        }

        Run(isFirst);
    }

    /// <summary>Sees to it that the session's messages go out.</summary>
    public void Wake()
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = !_isClosed && Schedule();
        }

        Run(isFirst);
    }

    /// <summary>Takes no more, and ends when what waits has left or cannot.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _deliveries = null;
            if (!_isScheduled)
            {
                Close();
                return Task.CompletedTask;
            }

            return Drained().Task;
        }
    }

    /// <summary>Ends when it is no longer congested, or <see cref="Relieve"/> was called.</summary>
    public Task WaitForReliefAsync()
    {
        lock (_lock)
        {
            return _isClosed || !IsCongested
                ? Task.CompletedTask
                : (_relief ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Lets whoever waits for relief look again.</summary>
    public void Relieve()
    {
        lock (_lock)
        {
            _relief?.TrySetResult();
            _relief = null;
        }
    }

    /// <summary>
    /// Throws away what waits, and ends when nothing is written any more: from then on the pipe is its owner's alone.
    /// </summary>
    public Task AbandonAsync()
    {
        lock (_lock)
        {
            Close();
            if (!_isScheduled)
            {
                return Task.CompletedTask;
            }

            pipe.CancelPendingFlush();
            return Drained().Task;
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = FlushAllAsync();

    private bool Schedule()
    {
        bool isFirst = !_isScheduled;
        _isScheduled = true;
        return isFirst;
    }

    private void Run(bool isFirst)
    {
        if (isFirst)
        {
            // Local: what the present work item still answers leaves in the same flush.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        }
    }

    private async Task FlushAllAsync()
    {
        try
        {
            while (TakeWaiting(out SessionDeliveries? deliveries))
            {
                pipe.Write(_leaving.Written);
                _leaving.Clear();
                deliveries?.WriteTo(pipe);
                ValueTask<FlushResult> flush = pipe.FlushAsync();
                if (!flush.IsCompleted)
                {
                    Volatile.Write(ref _stalledSince, clock.GetTimestamp());
                }

                FlushResult result = await flush;
                Volatile.Write(ref _stalledSince, 0);
                if (result.IsCompleted || result.IsCanceled)
                {
                    Stop();
                }

                Relieve();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The connection is gone; its reader ends it.
            Stop();
            TakeWaiting(out _);
            Relieve();
        }
    }

    private void Stop()
    {
        lock (_lock)
        {
            Close();
        }
    }

    /// <summary>Takes what waits, or ends the work where nothing does.</summary>
    private bool TakeWaiting(out SessionDeliveries? deliveries)
    {
        lock (_lock)
        {
            deliveries = _deliveries;
            bool hasBytes = _waiting.Count > 0;
            if (_isClosed || (!hasBytes && deliveries?.HasNext != true))
            {
                _isScheduled = false;
                if (_drained is not null)
                {
                    Close();
                    _drained.TrySetResult();
                }

                return false;
            }

            (_waiting, _leaving) = (_leaving, _waiting);
            return true;
        }
    }

    private void Close()
    {
        _isClosed = true;
        _deliveries = null;
        _waiting.Clear();
    }

    private TaskCompletionSource Drained() =>
        _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
}
