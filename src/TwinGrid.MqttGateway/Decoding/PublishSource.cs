using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>Who publishes: a connection, or a will after its end.</summary>
internal abstract class PublishSource
{
    /// <summary>The MQTT client identifier.</summary>
    public abstract string Client { get; }

    /// <summary>The presence that its messages prove; null for a will, which proves none.</summary>
    public abstract DevicePresence? Presence { get; }

    /// <summary>
    /// A message's answer is known. Called once for each message, of every QoS; on any thread, often inside a twin's
    /// turn, so it must be short and may neither block nor throw.
    /// </summary>
    /// <param name="publish">The message; not to be kept after the return.</param>
    public abstract void Answered(IncomingPublish publish);
}
