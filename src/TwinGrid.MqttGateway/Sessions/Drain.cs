namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// A gate that counts who is inside: once closed, nobody enters any more, and the last one who leaves ends the
/// closing. Thread-safe.
/// </summary>
internal sealed class Drain
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inside;
    private bool _closed;

    /// <summary>Enters; false once closed.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _inside++;
            return true;
        }
    }

    /// <summary>Leaves.</summary>
    public void Exit()
    {
        lock (_lock)
        {
            _inside--;
            if (_closed && _inside == 0)
            {
                _empty.TrySetResult();
            }
        }
    }

    /// <summary>Closes, and ends when nobody is inside.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_inside == 0)
            {
                _empty.TrySetResult();
            }

            return _empty.Task;
        }
    }
}
