using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Keeps a window of unacknowledged messages on each connection, so that the grid is never without work: shows the
/// most that it takes. Its latencies are those of a full queue.
/// </summary>
/// <remarks>
/// A connection sends when an eighth of its window is free: a server that acknowledges one by one would else be sent
/// one by one, at the cost of three system calls a message here, which the processors that it shares with us lack.
/// </remarks>
internal static class ClosedLoopLoad
{
    private const int LookAtSignals = 50;
    private const int Refills = 8;

    /// <inheritdoc cref="LoadScenario.Generate"/>
    public static Task RunAsync(LoadConnection[] connections, LoadOptions options, LoadSignals signals)
    {
        int most = connections.Min(static connection => connection.MostInFlight);
        if (options.Window > most)
        {
            throw new NoResult(
                $"The server takes {most} unacknowledged messages on a connection: --window {options.Window} is more");
        }

        return LoadThread.RunAsync(connections, signals, thread => Drive(thread, connections, options.Window, signals));
    }

    private static void Drive(LoadThread thread, LoadConnection[] connections, int window, LoadSignals signals)
    {
        int refill = Math.Max(1, window / Refills);
        for (int i = 0; i < connections.Length; i++)
        {
            Refill(connections[i], 0);
            thread.Flush(i);
        }

        Action<LoadConnection, int> acknowledged = Refill;
        while (!signals.Stopping || !thread.IsQuiet)
        {
            thread.Wait(LookAtSignals, acknowledged);
        }

        void Refill(LoadConnection connection, int count)
        {
            int free = window - connection.InFlight;
            for (int i = free >= refill && !signals.Stopping ? 0 : free; i < free; i++)
            {
                connection.Append(thread.Now, thread.Time);
            }
        }
    }
}
