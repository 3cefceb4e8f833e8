using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.OpenTopics;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Publishes wills: on a topic of the grid a will is a message like any other, but it proves nobody's presence.
/// Thread-safe.
/// </summary>
internal sealed partial class Wills(MessageIntake intake, OpenTopicBroker broker, ILogger<Wills> logger)
{
    /// <summary>Publishes a will.</summary>
    public void Publish(string client, WillMessage will)
    {
        TopicSlot slot = intake.Slot(will.Topic.Span);
        if (broker.Takes(slot))
        {
            broker.Publish(
                client,
                slot.Topic,
                will.Payload.Span,
                will.Qos,
                will.Retain,
                will.MessageExpiry,
                will.PublishProperties.Span);
        }
        else
        {
            intake.Take(new Source(client, logger), slot, 0, will.Qos, will.Payload.Span, will.ContentType.Span);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the will of '{Client}' was not taken: its twin or the store was not available")]
    private static partial void LogLost(ILogger logger, string client);

    private sealed class Source(string client, ILogger logger) : PublishSource
    {
        public override string Client => client;

        public override DevicePresence? Presence => null;

        public override void Answered(IncomingPublish publish)
        {
            if (!publish.Acknowledge)
            {
                LogLost(logger, client);
            }
        }
    }
}
