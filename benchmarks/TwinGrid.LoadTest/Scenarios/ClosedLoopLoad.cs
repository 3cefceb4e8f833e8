using System.Diagnostics;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Keeps a window of unacknowledged messages on each connection, so that the grid is never without work: shows the
/// most that it takes. Its latencies are those of a full queue.
/// </summary>
internal static class ClosedLoopLoad
{
    /// <inheritdoc cref="Scenario.Generate"/>
    public static Task RunAsync(LoadConnection[] connections, LoadOptions options, LoadSignals signals) =>
        Task.WhenAll(connections.Select(connection => Task.Run(() => DriveAsync(connection, options.Window, signals))));

    private static async Task DriveAsync(LoadConnection connection, int window, LoadSignals signals)
    {
        Append(connection, window);
        await connection.FlushAsync(signals.Abandon);
        while (connection.InFlight > 0)
        {
            int acknowledged = await connection.ReceiveAsync(signals.Abandon);
            if (!signals.Stopping)
            {
                Append(connection, acknowledged);
            }

            await connection.FlushAsync(signals.Abandon);
        }
    }

    private static void Append(LoadConnection connection, int count)
    {
        long now = Stopwatch.GetTimestamp();
        long unixNow = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (int i = 0; i < count; i++)
        {
            connection.TryAppend(now, unixNow);
        }
    }
}
