using System.Diagnostics.Metrics;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// Memory for packets that are larger than a socket's buffer and have not come whole yet: one budget for all
/// connections, so that many clients that begin large packets and never end them cannot fill the process. Thread-safe.
/// </summary>
internal sealed class LargePackets
{
    /// <summary>Bytes for all of them: room for 64 of the largest packets at the default limit.</summary>
    public const int Budget = 8 << 20;

    private static readonly Counter<long> Waits = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.packets.large.waits", "{wait}", "large packets that waited for memory to be read into");

    private readonly Lock _lock = new();
    private TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = Budget;

    /// <summary>Takes memory for a packet; false where too much is taken. One alone is always let in.</summary>
    public bool TryTake(int bytes)
    {
        lock (_lock)
        {
            if (bytes > _left && _left != Budget)
            {
                Waits.Add(1);
                return false;
            }

            _left -= bytes;
            return true;
        }
    }

    /// <summary>Gives memory back.</summary>
    public void Return(int bytes)
    {
        TaskCompletionSource returned;
        lock (_lock)
        {
            _left += bytes;
            returned = _returned;
            _returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        returned.TrySetResult();
    }

    /// <summary>Ends when some was given back.</summary>
    public Task WaitAsync()
    {
        lock (_lock)
        {
            return _returned.Task;
        }
    }
}
