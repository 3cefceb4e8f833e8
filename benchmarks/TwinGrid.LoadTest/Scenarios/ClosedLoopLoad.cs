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
    public static Task RunAsync(LoadConnection[] connections, LoadOptions options, LoadSignals signals) =>
        RunAsync(connections, options.Window, long.MaxValue, signals);

    /// <summary>Sends so many messages of each device, in turns; ends when all are acknowledged.</summary>
    public static Task SendEachAsync(
        LoadConnection[] connections, LoadOptions options, int messages, LoadSignals signals) =>
        RunAsync(connections, options.Window, messages, signals);

    private static Task RunAsync(LoadConnection[] connections, int window, long each, LoadSignals signals)
    {
        int most = connections.Min(static connection => connection.MostInFlight);
        if (window > most)
        {
            throw new NoResult(
                $"The server takes {most} unacknowledged messages on a connection: --window {window} is more");
        }

        return LoadThread.RunAsync(connections, signals, thread => Drive(thread, connections, window, each, signals));
    }

    private static void Drive(
        LoadThread thread, LoadConnection[] connections, int window, long each, LoadSignals signals)
    {
        int refill = Math.Max(1, window / Refills);
        for (int i = 0; i < connections.Length; i++)
        {
            Refill(connections[i], 0);
            thread.Flush(i);
        }

        Action<LoadConnection, int> acknowledged = Refill;
        while (!thread.IsQuiet || !(signals.Stopping || Array.TrueForAll(connections, c => Left(c) == 0)))
        {
            thread.Wait(LookAtSignals, acknowledged);
        }

        void Refill(LoadConnection connection, int count)
        {
            int free = window - connection.InFlight;
            long sends = free >= refill && !signals.Stopping ? Math.Min(free, Left(connection)) : 0;
            for (int i = 0; i < sends; i++)
            {
                connection.Append(thread.Now, thread.Time);
            }
        }

        long Left(LoadConnection connection) =>
            each == long.MaxValue ? each : (each * connection.Devices) - connection.Sent;
    }
}
