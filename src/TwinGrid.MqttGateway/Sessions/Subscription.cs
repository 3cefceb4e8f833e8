using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>One granted subscription of one session (MQTT 5 section 3.8.3). Immutable; equal only to itself.</summary>
internal sealed class Subscription(
    MqttSession session, TopicFilter filter, SubscriptionRequest request, uint identifier)
{
    /// <summary>Whose.</summary>
    public MqttSession Session => session;

    /// <summary>To what.</summary>
    public TopicFilter Filter => filter;

    /// <summary>As it was asked for, and granted.</summary>
    public SubscriptionRequest Request => request;

    /// <summary>The client's number for it; 0 for none.</summary>
    public uint Identifier => identifier;
}
