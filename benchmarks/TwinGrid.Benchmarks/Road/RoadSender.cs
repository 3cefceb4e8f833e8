using System.Collections.Concurrent;

namespace TwinGrid.Benchmarks.Road;

/// <summary>
/// What a connection is to the road: a window of messages under way; those that were answered go out again together.
/// </summary>
internal sealed class RoadSender : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<RoadMessage> _free = new();
    private readonly ReadingWriter _writer = new();
    private readonly ITwinIngest _road;
    private readonly RoadDevice[] _devices;
    private readonly int _window;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _scheduled;
    private int _next;
    private int _resting;
    private long _answered;
    private volatile bool _stopping;

    public RoadSender(ITwinIngest road, RoadDevice[] devices, int window)
    {
        _road = road;
        _devices = devices;
        _window = window;
    }

    /// <summary>How many messages were answered.</summary>
    public long Answered => Volatile.Read(ref _answered);

    public void Start()
    {
        for (int i = 0; i < _window; i++)
        {
            Free(new RoadMessage(this));
        }
    }

    /// <summary>Sends nothing more; ends when all is answered.</summary>
    public Task StopAsync()
    {
        _stopping = true;
        Schedule();
        return _stopped.Task;
    }

    public void Free(RoadMessage message)
    {
        _free.Enqueue(message);
        Schedule();
    }

    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _scheduled, 0);
        Interlocked.MemoryBarrier();
        lock (_writer)
        {
            long now = UnixMicroseconds.Now(TimeProvider.System);

            // No more than a window at once: a road that answers at once would never let go.
            for (int i = 0; i < _window && _free.TryDequeue(out RoadMessage? message); i++)
            {
                _answered++;
                if (_stopping)
                {
                    _resting++;
                    continue;
                }

                message.Take(_devices[_next], _writer, now);
                _next = (_next + 1) % _devices.Length;
                _road.Send(message);
            }

            if (_resting == _window)
            {
                _stopped.TrySetResult();
            }
        }

        if (!_free.IsEmpty)
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
