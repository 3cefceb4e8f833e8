using System.Buffers.Text;
using System.Diagnostics;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Serves all connections of a load: waits for those that have something, takes their acknowledgements and sends what
/// is there to send. One thread: the client may use one processor at most anyway.
/// </summary>
internal sealed class LoadThread : IDisposable
{
    private readonly LoadConnection[] _connections;
    private readonly bool[] _blocked;
    private readonly SocketPoll _poll = new();
    private readonly LoadSignals _signals;
    private readonly byte[] _time = new byte[13];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly long _startedTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Makes one for connected connections.</summary>
    public LoadThread(LoadConnection[] connections, LoadSignals signals)
    {
        _connections = connections;
        _signals = signals;
        _blocked = new bool[connections.Length];
        for (int i = 0; i < connections.Length; i++)
        {
            _poll.Watch(connections[i].Socket, i);
        }
    }

    /// <summary>This moment's timestamp: one for all that one round of waiting brought.</summary>
    public long Now { get; private set; }

    /// <summary>The same moment in Unix milliseconds, 13 digits.</summary>
    public ReadOnlySpan<byte> Time => _time;

    /// <summary>True when nothing is on its way.</summary>
    public bool IsQuiet => Array.TrueForAll(_connections, static connection => connection.InFlight == 0);

    /// <summary>Runs a load on a thread of its own: the pool is late when the server takes the processors.</summary>
    public static Task RunAsync(LoadConnection[] connections, LoadSignals signals, Action<LoadThread> load) =>
        Task.Factory.StartNew(
            () =>
            {
                using var thread = new LoadThread(connections, signals);
                thread.Tick();
                load(thread);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    /// <summary>Waits for acknowledgements and takes them.</summary>
    /// <param name="milliseconds">How long at most.</param>
    /// <param name="acknowledged">Called for a connection with how many came.</param>
    public void Wait(int milliseconds, Action<LoadConnection, int> acknowledged)
    {
        _signals.Abandon.ThrowIfCancellationRequested();
        int count = _poll.Wait(milliseconds);
        Tick();
        for (int i = 0; i < count; i++)
        {
            (int number, bool canRead, bool canWrite) = _poll.Ready(i);
            if (canRead)
            {
                acknowledged(_connections[number], _connections[number].Receive(Now));
            }

            if (canRead || canWrite)
            {
                Flush(number);
            }
        }
    }

    /// <summary>Sends what a connection has; what its socket does not take leaves as soon as it does.</summary>
    public void Flush(int number)
    {
        bool blocked = !_connections[number].Flush();
        if (blocked != _blocked[number])
        {
            _blocked[number] = blocked;
            _poll.WatchWritable(_connections[number].Socket, number, blocked);
        }
    }

    /// <summary>Reads the clock.</summary>
    public void Tick()
    {
        Now = Stopwatch.GetTimestamp();
        long unix = _startedTime + (long)Stopwatch.GetElapsedTime(_startedAt, Now).TotalMilliseconds;
        Utf8Formatter.TryFormat(unix, _time, out _);
    }

    public void Dispose() => _poll.Dispose();
}
