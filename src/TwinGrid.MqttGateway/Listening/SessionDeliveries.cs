using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>Writes a session's messages as the packets of one connection. Used by one thread at a time.</summary>
internal sealed class SessionDeliveries(
    MqttSession session, SessionLink link, ProtocolVersion version, uint largest, TimeProvider clock)
{
    /// <summary>Bytes of one flush: the others wait for the client to take them.</summary>
    private const int AtOnce = 4 * 1_024;

    private static readonly Counter<long> Undelivered = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.subscriber.undelivered", "{message}", "messages that did not go out, by why");

    private static readonly KeyValuePair<string, object?> Expired = new("why", "expired");
    private static readonly KeyValuePair<string, object?> TooLarge = new("why", "larger than its client takes");

    /// <summary>True when there is something to write.</summary>
    public bool HasNext => session.HasNext(link);

    /// <summary>Writes what may go out now.</summary>
    public void WriteTo(PipeWriter pipe)
    {
        long now = UnixMicroseconds.Now(clock);
        int written = 0;
        while (written < AtOnce && session.TryTakeNext(link, out OwedMessage? delivery))
        {
            written += Write(pipe, delivery, now);
        }
    }

    private int Write(PipeWriter pipe, OwedMessage delivery, long now)
    {
        if (delivery.IsReceived)
        {
            PacketWriter.Answer(pipe, PacketType.PubRel, version, delivery.PacketId, ReasonCode.Success, null);
            return 4;
        }

        OutgoingMessage message = delivery.Message;
        // Section 4.3.3: what was sent with QoS 2 once is sent to its end.
        if (message.ExpiresAt <= now && delivery is not { IsDuplicate: true, Qos: 2 })
        {
            Drop(delivery, Expired);
            return 0;
        }

        OutgoingPublish packet = new()
        {
            Topic = message.TopicUtf8,
            Payload = message.Payload,
            Qos = delivery.Qos,
            PacketId = delivery.PacketId,
            IsDuplicate = delivery.IsDuplicate,
            Retain = delivery.Retain,
            Properties = message.Properties,
            SubscriptionIdentifiers = delivery.Identifiers,
            MessageExpiry = message.ExpiresAt == OutgoingMessage.Never
                ? null
                : SecondsUntil(Math.Max(message.ExpiresAt, now), now),
        };
        int length = PacketWriter.PublishLength(version, packet);
        if (length > largest)
        {
            // Section 3.1.2.11.4: as if it had been sent.
            Drop(delivery, TooLarge);
            return 0;
        }

        PacketWriter.Publish(pipe, version, packet);
        return length;
    }

    private void Drop(OwedMessage delivery, KeyValuePair<string, object?> why)
    {
        session.Discard(delivery);
        Undelivered.Add(1, why);
    }

    private static uint SecondsUntil(long time, long now) => (uint)Math.Min(
        uint.MaxValue, (time - now + UnixMicroseconds.PerSecond - 1) / UnixMicroseconds.PerSecond);
}
