using System.Diagnostics;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Sends by the clock whatever the grid does, as devices do: a grid that falls behind shows it in the latencies, which
/// count from the moment when each message should have left.
/// </summary>
/// <remarks>
/// A connection on which the server takes no more (its Receive Maximum, or all packet ids) sends its messages as soon
/// as it may, and they keep the moment at which they should have left.
/// </remarks>
internal sealed class OpenLoopLoad
{
    private const int TickMilliseconds = 1;

    private readonly LoadConnection[] _connections;
    private readonly LoadSignals _signals;
    private readonly double _ticksPerMessage;
    private readonly long[] _next;
    private readonly bool[] _held;
    private long _start;

    private OpenLoopLoad(LoadConnection[] connections, int rate, LoadSignals signals)
    {
        _connections = connections;
        _signals = signals;
        _ticksPerMessage = (double)Stopwatch.Frequency / rate;
        _next = [.. Enumerable.Range(0, connections.Length).Select(static i => (long)i)];
        _held = new bool[connections.Length];
    }

    /// <inheritdoc cref="LoadScenario.Generate"/>
    public static Task RunAsync(LoadConnection[] connections, LoadOptions options, LoadSignals signals) =>
        LoadThread.RunAsync(connections, signals, new OpenLoopLoad(connections, options.Rate, signals).Run);

    private void Run(LoadThread thread)
    {
        _start = thread.Now;
        while (!_signals.Stopping)
        {
            long due = (long)((thread.Now - _start) / _ticksPerMessage);
            for (int i = 0; i < _connections.Length; i++)
            {
                if (SendDue(thread, i, due))
                {
                    thread.Flush(i);
                }
            }

            thread.Wait(TickMilliseconds, static (_, _) => { });
        }

        while (!thread.IsQuiet)
        {
            thread.Wait(TickMilliseconds, static (_, _) => { });
        }
    }

    // Message n of the load leaves on connection n modulo their number, n + 1 intervals after the start.
    private bool SendDue(LoadThread thread, int number, long due)
    {
        LoadConnection connection = _connections[number];
        bool any = false;
        while (_next[number] < due && connection.InFlight < connection.MostInFlight)
        {
            long intended = _start + (long)((_next[number] + 1) * _ticksPerMessage);
            connection.Append(intended, thread.Time);
            _next[number] += _connections.Length;
            any = true;
            if (_signals.Measuring && !_held[number])
            {
                LoadTally.Record(_signals.SendLag, thread.Now - intended);
            }
        }

        // What is late because the server held it is not the client's fault.
        _held[number] = _next[number] < due;
        return any;
    }
}
