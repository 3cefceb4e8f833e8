using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Keeps a window of unacknowledged messages on each connection, so that the grid is never without work: shows the
/// most that it takes. Its latencies are those of a full queue.
/// </summary>
internal static class ClosedLoopLoad
{
    private const int LookAtSignals = 50;

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
        for (int i = 0; i < connections.Length; i++)
        {
            Refill(connections[i], window);
            thread.Flush(i);
        }

        Action<LoadConnection, int> refill = Refill;
        while (!signals.Stopping || !thread.IsQuiet)
        {
            thread.Wait(LookAtSignals, refill);
        }

        void Refill(LoadConnection connection, int count)
        {
            for (int i = 0; i < count && !signals.Stopping; i++)
            {
                connection.Append(thread.Now, thread.Time);
            }
        }
    }
}
