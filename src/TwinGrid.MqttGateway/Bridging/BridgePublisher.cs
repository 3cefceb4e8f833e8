using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// The way out: a connection of its own, so that nothing that goes out waits for what comes in. Effects are published
/// in their order, so many of QoS 1 at once as the broker takes.
/// </summary>
internal sealed partial class BridgePublisher(
    BrokerAccess access,
    BridgeOutlet outlet,
    BridgeCatchUp catchUp,
    HandedCommands commands,
    BridgePace pace,
    BridgeStatus status,
    IOptions<MqttOptions> options,
    TimeProvider clock,
    ILogger<BridgePublisher> logger)
{
    private const int MostAtOnce = 256;
    private const string What = "what the grid tells";

    private readonly string _root = options.Value.TopicRoot;
    private readonly BridgedEffects _kinds = options.Value.Bridge.Publish;

    // The retained topics that were published, by twin, for those that are deleted.
    private readonly RetainedTopics _retained = new();

    /// <summary>Publishes until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) => pace.KeepAsync(What, ServeAsync, stop);

    private async Task ServeAsync(CancellationToken stop)
    {
        await using BrokerConnection connection = await BrokerConnection.OpenAsync(
            access, access.Publishing(), access.NoHold(), FoundAsync, stop);
        BridgeMetrics.CountConnected(1);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        outlet.Open();
        Task[] working = [PumpAsync(connection, over.Token), catchUp.RunAsync(over.Token)];
        try
        {
            await FindRetainedAsync(connection, stop);
            status.Serves(What);
            LogServing(access.Address);
            throw await connection.Ended.WaitAsync(stop);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(working).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            outlet.Close();
            BridgeMetrics.CountConnected(-1);
        }
    }

    /// <summary>
    /// Asks the broker what it retains: twins whose alarms changed while nobody told it are asked how they stand.
    /// </summary>
    private async Task FindRetainedAsync(BrokerConnection connection, CancellationToken stop)
    {
        const BridgedEffects retained = BridgedEffects.Alarms | BridgedEffects.Desired;
        foreach ((BridgedEffects kind, Sessions.TopicFilter filter) in BridgeTopics.Published(_root))
        {
            if ((kind & _kinds & retained) != 0)
            {
                await connection.SubscribeAsync(
                    filter.Text, MqttQualityOfServiceLevel.AtMostOnce, MqttRetainHandling.SendAtSubscribe, stop);
            }
        }
    }

    private Task FoundAsync(MqttApplicationMessageReceivedEventArgs received)
    {
        received.AutoAcknowledge = false;
        MqttApplicationMessage message = received.ApplicationMessage;
        if (message.Retain && message.Payload.Length > 0
            && Sessions.TopicFilter.Parse(message.Topic) is { Twin: { } twin })
        {
            _retained.Note(twin, message.Topic);
            catchUp.Ask(twin);
        }

        return Task.CompletedTask;
    }

    private async Task PumpAsync(BrokerConnection connection, CancellationToken over)
    {
        int window = Math.Min(MostAtOnce, connection.ReceiveMaximum);
        using SemaphoreSlim room = new(window);
        try
        {
            while (true)
            {
                await outlet.WaitAsync(over);
                while (outlet.TryTake(out TwinEffect? effect))
                {
                    await PublishAsync(connection, effect, room, over);
                }

                if (outlet.TakeLost())
                {
                    catchUp.AskAll();
                }
            }
        }
        finally
        {
            // Whoever is under way still gives its place back.
            for (int i = 0; i < window; i++)
            {
                await room.WaitAsync(CancellationToken.None);
            }
        }
    }

    private async Task PublishAsync(
        BrokerConnection connection, TwinEffect effect, SemaphoreSlim room, CancellationToken over)
    {
        switch (effect.Kind)
        {
            case EffectKind.Recall:
                outlet.Recalled(effect);
                return;
            case EffectKind.Deleted:
                foreach (string topic in _retained.Forget(effect.Twin))
                {
                    await SendAsync(connection, effect, EffectMessages.Cleared(topic), room, over);
                }

                return;
            default:
                DateTimeOffset now = clock.GetUtcNow();
                if (EffectMessages.Of(_root, effect, now) is { } message
                    && (message.CommandId is not { } id
                        || commands.TryBegin(id, message.ExpiresAt, UnixMicroseconds.From(now))))
                {
                    await SendAsync(connection, effect, message, room, over);
                }

                return;
        }
    }

    private async Task SendAsync(
        BrokerConnection connection,
        TwinEffect effect,
        OutgoingMessage message,
        SemaphoreSlim room,
        CancellationToken over)
    {
        if (message.Retain && !message.Payload.IsEmpty)
        {
            _retained.Note(effect.Twin, message.Topic);
        }

        // A client sends its packets in the order of the calls, so the next may begin before this one is answered.
        await room.WaitAsync(over);
        _ = SendAsync(connection, EffectPump.Word(effect.Kind), message, room, over);
    }

    private async Task SendAsync(
        BrokerConnection connection, string kind, OutgoingMessage message, SemaphoreSlim room, CancellationToken over)
    {
        string outcome = "unknown";
        try
        {
            MqttClientPublishResult result = await connection.PublishAsync(Packet(message), over).ConfigureAwait(false);
            outcome = result.ReasonCode switch
            {
                MqttClientPublishReasonCode.Success => "taken",
                MqttClientPublishReasonCode.NoMatchingSubscribers => "no-subscriber",
                _ => "refused",
            };
            if (outcome == "refused")
            {
                LogRefused(message.Topic, result.ReasonCode);
            }
        }
        catch (Exception e)
        {
            // The connection ended: whatever matters comes again by itself.
            LogNotSent(e, message.Topic);
        }
        finally
        {
            Settle(message, outcome);
            BridgeMetrics.CountPublished(kind, outcome);
            room.Release();
        }
    }

    private void Settle(OutgoingMessage message, string outcome)
    {
        if (message.CommandId is not { } id)
        {
            return;
        }

        if (outcome == "unknown")
        {
            commands.Unknown(id);
        }
        else if (outcome != "taken")
        {
            commands.Refused(id);
        }
    }

    private MqttApplicationMessage Packet(OutgoingMessage message)
    {
        MqttApplicationMessageBuilder builder = new MqttApplicationMessageBuilder()
            .WithTopic(message.Topic)
            .WithPayload(new System.Buffers.ReadOnlySequence<byte>(message.Payload))
            .WithQualityOfServiceLevel((MqttQualityOfServiceLevel)message.Qos)
            .WithRetainFlag(message.Retain);
        if (!message.Payload.IsEmpty)
        {
            builder.WithContentType("application/json");
        }

        if (message is { CommandOf: { } twin, CommandId: { } id })
        {
            long left = message.ExpiresAt - UnixMicroseconds.Now(clock);
            builder
                .WithResponseTopic(string.Create(
                    CultureInfo.InvariantCulture, $"{_root}/{twin.Kind}/{twin.Key}/{TopicNames.Results}/{id}"))
                .WithCorrelationData(System.Text.Encoding.UTF8.GetBytes(id))
                .WithMessageExpiryInterval((uint)Math.Clamp(left / UnixMicroseconds.PerSecond, 1, uint.MaxValue));
        }

        return builder.Build();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "the bridge publishes at {Broker} what the grid tells")]
    private partial void LogServing(BridgeAddress broker);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the broker refused a message on {Topic}: {Reason}")]
    private partial void LogRefused(string topic, MqttClientPublishReasonCode reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "a message on {Topic} may not have reached the broker")]
    private partial void LogNotSent(Exception exception, string topic);
}
