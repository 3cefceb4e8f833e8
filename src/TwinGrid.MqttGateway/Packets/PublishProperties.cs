namespace TwinGrid.MqttGateway.Packets;

/// <summary>The properties of a PUBLISH (MQTT 5 section 3.3.2.3) as they are encoded.</summary>
internal static class PublishProperties
{
    /// <summary>Encodes what the grid's own messages carry.</summary>
    public static byte[] Encode(string? contentType, string? responseTopic, ReadOnlySpan<byte> correlationData) =>
        throw new NotSupportedException();

    /// <summary>
    /// What of a client's properties goes on to subscribers: payload format, content type, response topic,
    /// correlation data and user properties in their order (section 3.3.2.3); not topic alias and message expiry.
    /// </summary>
    /// <param name="properties">Properties that were checked.</param>
    public static byte[] Forwarded(ReadOnlySpan<byte> properties) => throw new NotSupportedException();
}
