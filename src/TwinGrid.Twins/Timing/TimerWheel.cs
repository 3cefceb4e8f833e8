using Microsoft.Extensions.Logging;

namespace TwinGrid.Twins.Timing;

/// <summary>
/// One clock for all twins of a silo: which twin has something due when. No timer per twin. Runs ten times a second;
/// an entry that comes early is put back by its twin. Thread-safe.
/// </summary>
internal sealed partial class TimerWheel : IAsyncDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);

    private const int Slack = 1_024;

    private readonly Lock _lock = new();
    private readonly PriorityQueue<TwinId, long> _queue = new();
    private readonly Dictionary<TwinId, long> _due = [];
    private readonly TimeProvider _clock;
    private readonly ILogger<TimerWheel> _logger;
    private readonly TaskScheduler _scheduler;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Makes a wheel that does not turn yet.</summary>
    /// <param name="clock">Its time.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="scheduler">Where it runs: the thread pool, or what a simulation brings.</param>
    public TimerWheel(TimeProvider clock, ILogger<TimerWheel> logger, TaskScheduler? scheduler = null)
    {
        _clock = clock;
        _logger = logger;
        _scheduler = scheduler ?? TaskScheduler.Default;
    }

    /// <summary>Begins; <paramref name="wake"/> is called for each twin that is due and must not block.</summary>
    public void Start(Action<TwinId> wake) => _loop = Task.Factory.StartNew(
        () => RunAsync(wake, _stopping.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler)
        .Unwrap();

    /// <summary>Remembers the twin's next due time unless an earlier one is remembered.</summary>
    public void Schedule(TwinId twin, long due)
    {
        lock (_lock)
        {
            if (_due.TryGetValue(twin, out long known) && known <= due)
            {
                return;
            }

            _due[twin] = due;
            _queue.Enqueue(twin, due);
            if (_queue.Count > (2 * _due.Count) + Slack)
            {
                // Entries that earlier ones replaced would wait for their time; they are dropped once they are most.
                _queue.Clear();
                _queue.EnqueueRange(_due.Select(entry => (entry.Key, entry.Value)));
            }
        }
    }

    /// <summary>Stops; the silo's stop does it first, the container once more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        await _loop.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync(Action<TwinId> wake, CancellationToken stopping)
    {
        using PeriodicTimer timer = new(s_period, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                foreach (TwinId twin in TakeDue(UnixMicroseconds.Now(_clock)))
                {
                    Wake(wake, twin);
                }
            }
        }
        catch (OperationCanceledException)
        {
            LogStopped();
        }
    }

    private void Wake(Action<TwinId> wake, TwinId twin)
    {
        try
        {
            wake(twin);
        }
#pragma warning disable CA1031 // One twin that cannot be woken must not stop the clock of all.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogWakeFailed(e, twin);
        }
    }

    private List<TwinId> TakeDue(long now)
    {
        List<TwinId> due = [];
        lock (_lock)
        {
            while (_queue.TryPeek(out TwinId twin, out long at) && at <= now)
            {
                _queue.Dequeue();

                // An entry that an earlier one replaced is left in the queue and passed over here.
                if (_due.TryGetValue(twin, out long known) && known == at)
                {
                    _due.Remove(twin);
                    due.Add(twin);
                }
            }
        }

        return due;
    }

    [LoggerMessage(LogLevel.Error, "Twin {Twin} could not be woken.")]
    private partial void LogWakeFailed(Exception exception, TwinId twin);

    [LoggerMessage(LogLevel.Debug, "The timer wheel has stopped.")]
    private partial void LogStopped();
}
