using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Decoding;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// The way in for one topic filter: a connection with a session that the broker keeps, made again whenever it ends.
/// </summary>
/// <param name="filter">The filter.</param>
/// <param name="access">As whom.</param>
/// <param name="intake">Where messages go.</param>
/// <param name="budget">What the process may hold.</param>
/// <param name="pace">When to try again.</param>
/// <param name="status">Hears whether it serves.</param>
/// <param name="logger">Hears of each connection's begin and end.</param>
internal sealed partial class BridgeLine(
    string filter,
    BrokerAccess access,
    MessageIntake intake,
    IngestBudget budget,
    BridgePace pace,
    BridgeStatus status,
    ILogger<MqttBridge> logger)
{
    /// <summary>How long a stop waits for what was taken; the broker sends the rest again.</summary>
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(3);

    /// <summary>Takes in until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) => pace.KeepAsync(What, ServeAsync, stop);

    private string What => $"'{filter}'";

    private async Task ServeAsync(CancellationToken stop)
    {
        MqttClientOptions options = access.Receiving(filter);
        BridgeHold hold = access.Hold();
        using BridgeReceiver receiver = new(options.ClientId, intake, budget, hold);
        try
        {
            await using BrokerConnection connection = await BrokerConnection.OpenAsync(
                access, options, hold, receiver.TakeAsync, stop);
            BridgeMetrics.CountConnected(1);
            try
            {
                await ServeAsync(connection, receiver, stop);
            }
            finally
            {
                BridgeMetrics.CountConnected(-1);
            }
        }
        finally
        {
            // The broker sends again what was not acknowledged: not beside its first copy, which would come after
            // something newer.
            await receiver.CloseAsync().WaitAsync(stop).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task ServeAsync(BrokerConnection connection, BridgeReceiver receiver, CancellationToken stop)
    {
        using CancellationTokenSource over = new();
        Task<string> acknowledging = receiver.AcknowledgeAsync(over.Token);
        try
        {
            await connection.SubscribeAsync(
                filter,
                MqttQualityOfServiceLevel.AtLeastOnce,
                BridgeTopics.SaysHowThingsStand(filter)
                    ? MqttRetainHandling.SendAtSubscribeIfNewSubscriptionOnly
                    : MqttRetainHandling.DoNotSendOnSubscribe,
                stop);
            status.Serves(What);
            LogServing(logger, filter, access.Address, connection.IsSessionPresent);
            await Task.WhenAny(connection.Ended, acknowledging).WaitAsync(stop);
            if (acknowledging.IsFaulted)
            {
                // An acknowledgement that could not leave: the connection knows why.
                await pace.WaitAsync(connection.Ended, TimeSpan.FromSeconds(1));
            }

            throw connection.Ended.IsCompletedSuccessfully
                ? await connection.Ended
                : new TwinGridException(await acknowledging);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await pace.WaitAsync(receiver.CloseAsync(), StopsWithin);
            await pace.WaitAsync(WhenAcknowledgedAsync(receiver, acknowledging), StopsWithin);
        }
        finally
        {
            await over.CancelAsync();
            await ((Task)acknowledging).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private async Task WhenAcknowledgedAsync(BridgeReceiver receiver, Task acknowledging)
    {
        while (receiver.OwesAnswers && !acknowledging.IsCompleted)
        {
            await pace.WaitAsync(acknowledging, TimeSpan.FromMilliseconds(10));
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "the bridge takes in '{Filter}' from {Broker} (session from before: {IsKnown})")]
    private static partial void LogServing(ILogger logger, string filter, BridgeAddress broker, bool isKnown);
}
