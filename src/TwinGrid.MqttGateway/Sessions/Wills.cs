using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.OpenTopics;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Publishes wills: on a topic of the grid a will is a message like any other, but it proves nobody's presence.
/// Thread-safe.
/// </summary>
internal sealed class Wills(MessageIntake intake, OpenTopicBroker broker)
{
    /// <summary>
    /// Publishes a will. Published again at the same time it changes nothing: the twin knows its readings by their
    /// numbers or times, and what else a will can say is the same when it is said twice.
    /// </summary>
    /// <param name="client">Whose.</param>
    /// <param name="will">The will.</param>
    /// <param name="at">Unix microseconds: the time of readings that have none.</param>
    /// <returns>True when it is committed or dead-lettered for good, false when it must be published again.</returns>
    public Task<bool> PublishAsync(string client, WillMessage will, long at)
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
            return Task.FromResult(true);
        }

        Source source = new(client);
        intake.Take(source, slot, 0, will.Qos, will.Payload.Span, will.ContentType.Span, at);
        return source.Taken;
    }

    private sealed class Source(string client) : PublishSource
    {
        private readonly TaskCompletionSource<bool> _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Taken => _taken.Task;

        public override string Client => client;

        public override DevicePresence? Presence => null;

        public override void Answered(IncomingPublish publish) => _taken.SetResult(publish.Acknowledge);
    }
}
