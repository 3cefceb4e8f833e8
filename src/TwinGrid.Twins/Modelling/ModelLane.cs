namespace TwinGrid.Twins.Modelling;

/// <summary>
/// What waits for one model: the newest row of each twin, in the order in which they asked. Thread-safe.
/// </summary>
internal sealed class ModelLane
{
    // A model that fails, fails at every reading of every twin: the log is told that it does, not how often.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<TwinId, ModelRow> _newest = [];
    private readonly Queue<TwinId> _order = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isRunning;
    private bool _isClosed;
    private long? _toldAt;
    private int _untold;

    /// <summary>Adds a row, if it is not closed; true when somebody must begin to run.</summary>
    public bool Add(in ModelRow row)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            if (!_newest.ContainsKey(row.Twin))
            {
                _order.Enqueue(row.Twin);
            }

            _newest[row.Twin] = row;
            bool begins = !_isRunning;
            _isRunning = true;
            return begins;
        }
    }

    /// <summary>Takes the next batch; false, and the run is over, when nothing waits.</summary>
    public bool TryTake(int most, out List<ModelRow> rows)
    {
        rows = [];
        lock (_lock)
        {
            while (rows.Count < most && _order.TryDequeue(out TwinId twin))
            {
                _newest.Remove(twin, out ModelRow row);
                rows.Add(row);
            }

            _isRunning = rows.Count > 0;
            if (_isClosed && !_isRunning)
            {
                _idle.TrySetResult();
            }

            return _isRunning;
        }
    }

    /// <summary>Takes no more rows; ends when those that it has were run.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (!_isRunning)
            {
                _idle.TrySetResult();
            }

            return _idle.Task;
        }
    }

    /// <summary>Forgets what waits.</summary>
    /// <returns>How many rows.</returns>
    public int Drop()
    {
        lock (_lock)
        {
            int rows = _order.Count;
            _order.Clear();
            _newest.Clear();
            return rows;
        }
    }

    /// <summary>Counts a row that failed.</summary>
    /// <returns>How many failed since the log was last told, when it should be told again; else null.</returns>
    public int? Fail(TimeProvider clock)
    {
        lock (_lock)
        {
            _untold++;
            if (_toldAt is { } at && clock.GetElapsedTime(at) < s_quiet)
            {
                return null;
            }

            _toldAt = clock.GetTimestamp();
            int rows = _untold;
            _untold = 0;
            return rows;
        }
    }
}
