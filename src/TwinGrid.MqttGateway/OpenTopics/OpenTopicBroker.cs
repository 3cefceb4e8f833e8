using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.OpenTopics;

/// <summary>
/// With <c>Mqtt:OpenTopics</c>, lets clients exchange messages on topics that are not the grid's, and keeps what they
/// retain: in memory, within this process, without a bound on their number. It exists for conformance suites.
/// Thread-safe.
/// </summary>
internal sealed class OpenTopicBroker(Subscriptions subscriptions, IOptions<MqttOptions> options, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, OutgoingMessage> _retained = new(StringComparer.Ordinal);
    private readonly bool _isOn = options.Value.OpenTopics;

    /// <summary>True for a topic that clients may use among themselves.</summary>
    public bool Takes(TopicSlot slot) =>
        _isOn && slot.Route is { Use: TopicUse.Refused, IsOutside: true };

    /// <summary>Publishes to whoever subscribed; an empty retained payload clears what was retained.</summary>
    /// <param name="publisher">The client identifier.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="qos">0, 1 or 2.</param>
    /// <param name="retain">True to keep it for later subscribers.</param>
    /// <param name="expiry">Seconds that it lives, or null.</param>
    /// <param name="properties">A PUBLISH's properties that were checked.</param>
    public void Publish(
        string publisher,
        string topic,
        ReadOnlySpan<byte> payload,
        byte qos,
        bool retain,
        uint? expiry,
        ReadOnlySpan<byte> properties)
    {
        OutgoingMessage message = new()
        {
            Topic = topic,
            TopicUtf8 = Encoding.UTF8.GetBytes(topic),
            Payload = payload.ToArray(),
            Qos = qos,
            Retain = retain,
            Properties = PublishProperties.Forwarded(properties),
            ExpiresAt = expiry is { } seconds
                ? UnixMicroseconds.Now(clock) + (seconds * UnixMicroseconds.PerSecond)
                : OutgoingMessage.Never,
            Publisher = publisher,
        };
        if (retain && payload.IsEmpty)
        {
            _retained.TryRemove(topic, out _);
        }
        else if (retain)
        {
            _retained[topic] = message;
        }

        subscriptions.Publish(message);
    }

    /// <summary>Sends a new subscription what is retained on its topics.</summary>
    public void SendRetained(Subscription subscription)
    {
        if (!_isOn)
        {
            return;
        }

        TopicTree<Subscription> alone = new();
        alone.Add(subscription.Filter, subscription);
        foreach (OutgoingMessage message in _retained.Values)
        {
            if (alone.Matches(message.Topic.Split('/')))
            {
                Subscriptions.SendRetained(subscription, message);
            }
        }
    }
}
