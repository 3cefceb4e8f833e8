using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// The way to the gateway of another silo: a call is made again until it is answered or the silo is gone. What is
/// called must bear that it was taken already. A silo to which this one is dead is not asked again. Thread-safe.
/// </summary>
/// <param name="silo">Which.</param>
/// <param name="gateway">Its gateway.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Hears of calls that fail.</param>
internal sealed partial class GatewayRoad(
    SiloAddress silo, IGatewayService gateway, TimeProvider clock, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _gone = new();

    /// <summary>Whose gateway.</summary>
    public SiloAddress Silo => silo;

    /// <summary>Cancelled when the silo is gone, or this one stops.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Calls until there is an answer.</summary>
    /// <exception cref="OperationCanceledException">The silo is gone.</exception>
    public async Task<T> AskAsync<T>(Func<IGatewayService, Task<T>> call)
    {
        bool failed = false;
        for (TimeSpan pause = FirstPause; ; pause = pause < LongestPause ? pause * 2 : pause)
        {
            try
            {
                T answer = await call(gateway).WaitAsync(_gone.Token).ConfigureAwait(false);
                if (failed)
                {
                    LogAnswered(silo);
                }

                return answer;
            }
            catch (DeclaredDeadException e)
            {
                // For good: what is left of this process ends soon.
                LogOver(silo, e.Message);
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, _gone.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _gone.Token.ThrowIfCancellationRequested();
                if (!failed)
                {
                    failed = true;
                    LogFailed(silo, e.Message);
                }

                await Task.Delay(pause, clock, _gone.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A little while, after an answer that says to begin anew.</summary>
    /// <exception cref="OperationCanceledException">The silo is gone.</exception>
    public Task PauseAsync() => Task.Delay(FirstPause, clock, _gone.Token);

    /// <summary>The silo is gone: nobody is called any more.</summary>
    public void Close() => _gone.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _gone.Dispose();

    [LoggerMessage(Level = LogLevel.Information, Message = "the gateway of {Silo} answers again")]
    private partial void LogAnswered(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the gateway of {Silo} takes nothing from here any more: {Why}")]
    private partial void LogOver(SiloAddress silo, string why);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the gateway of {Silo} does not answer and is asked until it does or is gone: {Why}")]
    private partial void LogFailed(SiloAddress silo, string why);
}
