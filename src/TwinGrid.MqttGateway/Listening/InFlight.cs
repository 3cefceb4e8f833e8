using System.Diagnostics.Metrics;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// The publishes of one connection that were read and not answered yet: how many, how large, under which identifiers.
/// Whoever reads the connection waits here while there are too many. Thread-safe.
/// </summary>
/// <param name="limit">The most at once.</param>
/// <param name="budget">What all connections may hold together.</param>
/// <param name="clock">Measures how long a publish waits for its answer.</param>
internal sealed class InFlight(int limit, IngestBudget budget, TimeProvider clock)
{
    private static readonly Histogram<double> Duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.mqtt.publish.duration",
        "s",
        "from a PUBLISH of QoS 1 or 2 read to its answer; of each connection one at a time is measured");

    /// <summary>The most bytes of payload at once, whatever their number.</summary>
    private const int MaxBytes = 1 << 20;

    private readonly Lock _lock = new();
    private HashSet<ushort>? _ids;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _empty;
    private int _count;
    private int _unacknowledged;
    private ushort _measuredId;
    private long _measuredSince;
    private long _bytes;

    /// <summary>How many of them are of QoS 1.</summary>
    public int Unacknowledged => Volatile.Read(ref _unacknowledged);

    /// <summary>True while no more may be read.</summary>
    public bool IsFull => Volatile.Read(ref _count) >= limit || IsHeavy;

    /// <summary>True while their payloads are as much as may be held.</summary>
    public bool IsHeavy => Volatile.Read(ref _bytes) >= MaxBytes;

    /// <summary>Adds a publish; false for an identifier that is in flight already.</summary>
    /// <param name="packetId">0 for QoS 0.</param>
    /// <param name="qos">0, 1 or 2.</param>
    /// <param name="size">Bytes of the payload.</param>
    public bool TryAdd(ushort packetId, byte qos, int size)
    {
        lock (_lock)
        {
            if (packetId != 0 && !(_ids ??= []).Add(packetId))
            {
                return false;
            }

            _count++;
            _unacknowledged += qos == 1 ? 1 : 0;
            if (_measuredId == 0 && packetId != 0)
            {
                (_measuredId, _measuredSince) = (packetId, clock.GetTimestamp());
            }

            _bytes += size;
        }

        budget.Take(size);
        return true;
    }

    /// <summary>A publish is about to be answered: from then on its client may use the identifier again.</summary>
    public void Free(ushort packetId, byte qos)
    {
        if (packetId == 0)
        {
            return;
        }

        lock (_lock)
        {
            _ids!.Remove(packetId);
            _unacknowledged -= qos == 1 ? 1 : 0;
            if (_measuredId != 0 && _measuredId == packetId)
            {
                Duration.Record(clock.GetElapsedTime(_measuredSince).TotalSeconds);
                _measuredId = 0;
            }
        }
    }

    /// <summary>A publish was answered.</summary>
    public void Remove(int size)
    {
        budget.Return(size);
        lock (_lock)
        {
            _count--;
            _bytes -= size;
            if (_room is not null && _count <= limit / 2 && _bytes <= MaxBytes / 2)
            {
                _room.TrySetResult();
                _room = null;
            }

            if (_count == 0)
            {
                _empty?.TrySetResult();
            }
        }
    }

    /// <summary>Ends when there is room again, or <see cref="Release"/> was called.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_lock)
        {
            return _count < limit && _bytes < MaxBytes ? Task.CompletedTask : Wait(ref _room);
        }
    }

    /// <summary>Ends when all are answered.</summary>
    public Task WaitForAllAsync()
    {
        lock (_lock)
        {
            return _count == 0 ? Task.CompletedTask : Wait(ref _empty);
        }
    }

    /// <summary>Lets whoever waits for room go on: the connection ends.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _room?.TrySetResult();
            _room = null;
        }
    }

    private static Task Wait(ref TaskCompletionSource? source) =>
        (source ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
