using System.Diagnostics;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>
/// Sends by the clock whatever the grid does, as devices do: a grid that falls behind shows it in the latencies, which
/// count from the moment when each message should have left.
/// </summary>
internal static class OpenLoopLoad
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <inheritdoc cref="Scenario.Generate"/>
    public static async Task RunAsync(LoadConnection[] connections, LoadOptions options, LoadSignals signals)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(signals.Abandon);
        Task[] receivers = [.. connections.Select(connection => Task.Run(() => ReceiveAsync(connection, done.Token)))];
        foreach (LoadConnection connection in connections)
        {
            connection.NeverBlock();
        }

        // A thread of its own: the pool may be late when the grid takes the processors.
        await Task.Factory.StartNew(
            () => SendByTheClock(connections, options.Rate, signals),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await DrainAsync(connections, receivers, signals.Abandon);
        await done.CancelAsync();
        await Task.WhenAll(receivers);
    }

    private static void SendByTheClock(LoadConnection[] connections, int rate, LoadSignals signals)
    {
        long start = Stopwatch.GetTimestamp();
        DateTimeOffset startTime = DateTimeOffset.UtcNow;
        double ticksPerMessage = (double)Stopwatch.Frequency / rate;
        long next = 0;
        while (!signals.Stopping)
        {
            signals.Abandon.ThrowIfCancellationRequested();
            long now = Stopwatch.GetTimestamp();
            long unixNow = (startTime + Stopwatch.GetElapsedTime(start, now)).ToUnixTimeMilliseconds();
            long first = next;
            long due = (long)((now - start) / ticksPerMessage);
            for (; next < due; next++)
            {
                long intended = start + (long)((next + 1) * ticksPerMessage);
                if (!connections[next % connections.Length].TryAppend(intended, unixNow))
                {
                    throw new InvalidDataException("The grid is 65,535 messages behind on a connection: lower --rate");
                }

                if (signals.Measuring)
                {
                    signals.SendLag.RecordValue(Math.Max(1, (now - intended) * 1_000_000 / Stopwatch.Frequency));
                }
            }

            long touched = Math.Min(connections.Length, next - first);
            for (long i = 0; i < touched; i++)
            {
                connections[(first + i) % connections.Length].Flush();
            }

            Thread.Sleep(Tick);
        }
    }

    private static async Task DrainAsync(LoadConnection[] connections, Task[] receivers, CancellationToken abandon)
    {
        using var tick = new PeriodicTimer(Tick);
        while (Array.Exists(connections, static connection => connection.InFlight > 0))
        {
            foreach (LoadConnection connection in connections)
            {
                connection.Flush();
            }

            if (Array.Find(receivers, static receiver => receiver.IsFaulted) is { } failed)
            {
                await failed;
            }

            await tick.WaitForNextTickAsync(abandon);
        }
    }

    private static async Task ReceiveAsync(LoadConnection connection, CancellationToken done)
    {
        try
        {
            while (true)
            {
                await connection.ReceiveAsync(done);
            }
        }
        catch (OperationCanceledException)
        {
            // All is acknowledged, or given up.
        }
    }
}
