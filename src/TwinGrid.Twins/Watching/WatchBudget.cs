using Microsoft.Extensions.Options;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// What the watchers of a silo's twins share: how many there may be, how many bytes may wait for them, and how many
/// pasts are refolded at once. Thread-safe.
/// </summary>
internal sealed class WatchBudget : IDisposable
{
    private readonly IOptionsMonitor<LimitOptions> _limits;
    private readonly CancellationTokenSource _stopping = new();
    private int _watchers;
    private long _bytes;

    public WatchBudget(IOptionsMonitor<LimitOptions> limits)
    {
        _limits = limits;
        Stopping = _stopping.Token;
    }

    /// <summary>Shows what is used as metrics; once in a silo, for a meter keeps its instruments for good.</summary>
    public void Observe()
    {
        TwinGridDiagnostics.Meter.CreateObservableGauge(
            "twingrid.watchers", () => _watchers, "{watcher}", "Watchers of this silo's twins.");
        TwinGridDiagnostics.Meter.CreateObservableGauge(
            "twingrid.watch.buffered", () => _bytes, "By", "Changes that are kept for those who watch.");
    }

    /// <summary>Lets few refold at once: a thousand watchers that come back must not hold up the twins.</summary>
    public SemaphoreSlim Replays { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The silo stops: nobody waits any more.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>How many may watch one twin.</summary>
    public int MostOfTwin => _limits.CurrentValue.WatchersPerTwin;

    /// <summary>True while more bytes wait than may.</summary>
    public bool IsOver => Volatile.Read(ref _bytes) > _limits.CurrentValue.WatchBufferBytes;

    /// <summary>Takes a watcher's place; false when there is none.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _watchers) <= _limits.CurrentValue.Watchers)
        {
            return true;
        }

        Interlocked.Decrement(ref _watchers);
        return false;
    }

    /// <summary>Gives places back.</summary>
    public void Exit(int watchers) => Interlocked.Add(ref _watchers, -watchers);

    /// <summary>Bytes wait, or, where less than none, wait no more.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Ends all waiting.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Dispose();
        Replays.Dispose();
    }
}
