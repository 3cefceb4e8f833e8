namespace TwinGrid.MqttGateway.Packets;

/// <summary>When a new subscription gets what is retained (MQTT 5 section 3.8.3.1).</summary>
internal enum RetainHandling : byte
{
    Always = 0,
    IfNew = 1,
    Never = 2,
}

/// <summary>One subscription as the client asks for it. Immutable.</summary>
/// <param name="Filter">The filter's text; UTF-8 was checked, the rules of wildcards were not.</param>
/// <param name="Qos">The most that the client wants: 0, 1 or 2.</param>
/// <param name="NoLocal">Not its own messages.</param>
/// <param name="RetainAsPublished">The retain flag as it was published.</param>
/// <param name="RetainHandling">When what is retained comes.</param>
internal sealed record SubscriptionRequest(
    string Filter, byte Qos, bool NoLocal, bool RetainAsPublished, RetainHandling RetainHandling);

/// <summary>A SUBSCRIBE (MQTT 5 section 3.8). Immutable.</summary>
/// <param name="PacketId">Its identifier, not 0.</param>
/// <param name="SubscriptionIdentifier">1 to 268,435,455, or 0 for none.</param>
/// <param name="Subscriptions">One or more.</param>
internal sealed record SubscribePacket(
    ushort PacketId, uint SubscriptionIdentifier, IReadOnlyList<SubscriptionRequest> Subscriptions)
{
    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out SubscribePacket? packet) =>
        throw new NotSupportedException();
}

/// <summary>An UNSUBSCRIBE (MQTT 5 section 3.10). Immutable.</summary>
/// <param name="PacketId">Its identifier, not 0.</param>
/// <param name="Filters">One or more.</param>
internal sealed record UnsubscribePacket(ushort PacketId, IReadOnlyList<string> Filters)
{
    /// <summary>Reads what follows the fixed header, strictly.</summary>
    public static PacketFault? Read(
        int flags, ReadOnlySpan<byte> body, ProtocolVersion version, out UnsubscribePacket? packet) =>
        throw new NotSupportedException();
}
