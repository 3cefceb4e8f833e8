using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace TwinGrid;

/// <summary>
/// How much a process has taken in and not answered yet: one budget, <c>TwinGrid:Limits:IngestBytes</c>, for all
/// connections and requests, so that a store that is slow or away fills no memory. From half of it on messages of
/// QoS 0 are dropped, at all of it nothing more is read. Internal to the grid, public because gateways share it;
/// thread-safe.
/// </summary>
/// <param name="limits">The budget; read once.</param>
public sealed class IngestBudget(IOptions<LimitOptions> limits)
{
    /// <summary>What a message that waits costs besides its bytes: the pooled object with its buffers.</summary>
    public const int PerMessage = 512;

    private static readonly UpDownCounter<long> s_waiting = TwinGridDiagnostics.Meter.CreateUpDownCounter<long>(
        "twingrid.ingest.held", "{sender}", "Senders that are held because the ingest budget is used up.");

    private readonly long _limit = limits.Value.IngestBytes;
    private readonly Lock _lock = new();
    private TaskCompletionSource? _room;
    private long _used;

    /// <summary>Bytes that are taken in and not answered.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>True while messages that nobody waits an answer for must be dropped.</summary>
    public bool IsHigh => Used >= _limit / 2;

    /// <summary>True while nothing more may be taken in.</summary>
    public bool IsFull => Used >= _limit;

    /// <summary>Counts a message; never refuses: whoever takes in looks at <see cref="IsFull"/> first.</summary>
    /// <param name="bytes">Bytes of the message.</param>
    public void Take(int bytes) => Interlocked.Add(ref _used, bytes + PerMessage);

    /// <summary>A message was answered.</summary>
    /// <param name="bytes">As it was counted.</param>
    public void Return(int bytes)
    {
        long used = Interlocked.Add(ref _used, -(bytes + PerMessage));
        if (used < _limit && Volatile.Read(ref _room) is not null)
        {
            Release();
        }
    }

    /// <summary>Ends when there is room again, or after a second: look again.</summary>
    public async Task WaitForRoomAsync(TimeProvider clock)
    {
        Task room;
        lock (_lock)
        {
            room = (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        // What was answered between the look and the lock releases nobody: hence not for ever.
        s_waiting.Add(1);
        await room.WaitAsync(TimeSpan.FromSeconds(1), clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        s_waiting.Add(-1);
    }

    private void Release()
    {
        lock (_lock)
        {
            _room?.TrySetResult();
            _room = null;
        }
    }
}
