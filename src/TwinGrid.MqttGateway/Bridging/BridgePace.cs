using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>When a connection to the broker that ended is tried again: soon, then ever later. Thread-safe.</summary>
internal sealed partial class BridgePace(BridgeStatus status, TimeProvider clock, ILogger<BridgePace> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // A gateway that woke after others took it for dead learns that within such a time, and stops.
    private static readonly TimeSpan PauseOfTheLoser = TimeSpan.FromSeconds(5);

    // A connection that lasted so long was a good one: the next is tried soon.
    private static readonly TimeSpan Good = TimeSpan.FromSeconds(15);

    /// <summary>Serves again and again until it is stopped.</summary>
    /// <param name="what">What is served, for the log and the health page.</param>
    /// <param name="serve">One connection; ends by throwing, or without when it was stopped.</param>
    /// <param name="stop">Stops.</param>
    public async Task KeepAsync(string what, Func<CancellationToken, Task> serve, CancellationToken stop)
    {
        TimeSpan pause = FirstPause;
        status.Lacks(what, "it is being made");
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
                    break;
                }

                pause = clock.GetElapsedTime(since) > Good ? FirstPause : pause;
                pause = e is SessionTakenOverException && pause < PauseOfTheLoser ? PauseOfTheLoser : pause;
                BridgeMetrics.CountEnded();
                Log(status.Lacks(what, e.Message) ? LogLevel.Warning : LogLevel.Debug, what, e.Message, pause);
                await Task.Delay(pause, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }

        status.Ends(what);
    }

    /// <summary>Ends with a task, however that ends, or after a time.</summary>
    public async Task WaitAsync(Task task, TimeSpan patience) =>
        await task.WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    // What was said already is not said again every few seconds while a broker is away.
    private void Log(LogLevel level, string what, string why, TimeSpan pause) =>
        LogEnded(level, what, pause.TotalSeconds, why);

    [LoggerMessage(Message = "the bridge has no connection for {What} and tries again in {Pause:0.##} s: {Why}")]
    private partial void LogEnded(LogLevel level, string what, double pause, string why);
}
