using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Carries effects from the queue to the sessions, one after the other, and writes them as JSON on the way.
/// </summary>
internal sealed partial class EffectPump(
    EffectQueue queue,
    Subscriptions subscriptions,
    SessionRegistry sessions,
    RetainedTopics retained,
    IOptions<MqttOptions> options,
    TimeProvider clock,
    ILogger<EffectPump> logger) : IDisposable
{
    private static readonly Counter<long> Published = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.effects", "{effect}", "effects that were published, by kind");

    private readonly string _root = options.Value.TopicRoot;
    private readonly CancellationTokenSource _stopping = new();
    private Task _pumping = Task.CompletedTask;

    /// <summary>The word of a kind of effect in metrics.</summary>
    public static string Word(EffectKind kind) => kind switch
    {
        EffectKind.State => "state",
        EffectKind.Prediction => "prediction",
        EffectKind.Alarm => "alarm",
        EffectKind.Command => "command",
        EffectKind.Desired => "desired",
        EffectKind.Recall => "recall",
        _ => "deleted",
    };

    /// <summary>Begins.</summary>
    public void Start() => _pumping = Task.Run(PumpAsync);

    /// <summary>Stops; what still waits is not published, and the twins keep what matters of it.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _pumping;
        queue.Close();
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                await queue.WaitAsync(_stopping.Token);
                while (queue.TryTake(out TwinEffect? effect))
                {
                    Publish(effect);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The gateway stops.
        }
    }

    private void Publish(TwinEffect effect)
    {
        try
        {
            if (effect.Kind == EffectKind.Deleted)
            {
                ClearRetained(effect.Twin);
            }
            else if (effect is { Kind: EffectKind.Alarm, Alarm: null } or { Kind: EffectKind.Desired, Desired: null })
            {
                retained.Note(effect.Twin, EffectMessages.RetainedTopic(_root, effect));
            }
            else if (effect is { Kind: EffectKind.Recall, Command: { } command })
            {
                string topic = EffectMessages.CommandTopic(_root, effect.Twin, command.Name);
                queue.Recalled(effect, subscriptions.TryRecall(effect.Twin, topic, command.Id));
            }
            else if (EffectMessages.Of(_root, effect, clock.GetUtcNow()) is { } message)
            {
                Send(effect, message);
            }

            Published.Add(1, new KeyValuePair<string, object?>("kind", Word(effect.Kind)));
        }
        catch (Exception e)
        {
            LogFailed(e, effect.Kind, effect.Twin);
            queue.Recalled(effect, isWithdrawn: false);
        }
    }

    private void Send(TwinEffect effect, OutgoingMessage message)
    {
        if (message.Retain)
        {
            retained.Note(effect.Twin, message.Topic);
        }

        if (effect.IsRepeated && effect.Recipient is null)
        {
            subscriptions.PublishToDevices(effect.Twin, message);
        }
        else if (effect.Recipient is not { } recipient)
        {
            subscriptions.Publish(message);
        }
        else if (sessions.Find(recipient) is { } session)
        {
            subscriptions.PublishTo(session, message);
        }
    }

    private void ClearRetained(TwinId twin)
    {
        foreach (string topic in retained.Forget(twin))
        {
            subscriptions.Publish(EffectMessages.Cleared(topic));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the {Kind} of {Twin} could not be published")]
    private partial void LogFailed(Exception exception, EffectKind kind, TwinId twin);
}
