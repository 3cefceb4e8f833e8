using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>When a connection to the broker that ended is tried again: soon, then ever later. Thread-safe.</summary>
internal sealed partial class BridgePace(TimeProvider clock, ILogger<BridgePace> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // A connection that lasted so long was a good one: the next is tried soon.
    private static readonly TimeSpan Good = TimeSpan.FromSeconds(15);

    /// <summary>Serves again and again until it is stopped.</summary>
    /// <param name="what">What is served, for the log.</param>
    /// <param name="serve">One connection; ends by throwing, or without when it was stopped.</param>
    /// <param name="stop">Stops.</param>
    public async Task KeepAsync(string what, Func<CancellationToken, Task> serve, CancellationToken stop)
    {
        TimeSpan pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            long since = clock.GetTimestamp();
            try
            {
                await serve(stop);
            }
            catch (Exception e)
            {
                if (stop.IsCancellationRequested)
                {
                    return;
                }

                pause = clock.GetElapsedTime(since) > Good ? FirstPause : pause;
                LogEnded(what, e.Message, pause.TotalSeconds);
                await Task.Delay(pause, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Ends with a task, however that ends, or after a time.</summary>
    public async Task WaitAsync(Task task, TimeSpan patience) =>
        await task.WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the bridge's connection for {What} ended and is made again in {Pause:0.##} s: {Why}")]
    private partial void LogEnded(string what, string why, double pause);
}
