using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>The connection that a session has just now, as the session sees it.</summary>
internal abstract class SessionLink
{
    /// <summary>There is something to send; must be short.</summary>
    public abstract void Wake();

    /// <summary>A PUBLISH of QoS 2 that came again is answered, or was not kept.</summary>
    public abstract void Answer(ushort packetId, bool acknowledge, ReasonCode reason, string? detail);

    /// <summary>Another connection took the session: this one ends (MQTT 5 reason 0x8E).</summary>
    public abstract void TakeOver();

    /// <summary>The subscriber is too slow for what may not be lost: the connection ends (reason 0x97).</summary>
    public abstract void Overflow();
}

/// <summary>Where a received PUBLISH of QoS 2 stands.</summary>
internal enum Reception : byte
{
    /// <summary>It is under way to its twin.</summary>
    New,

    /// <summary>It is under way, and came again meanwhile.</summary>
    AskedAgain,

    /// <summary>It was taken; its PUBREL has not come.</summary>
    Taken,
}
