using System.Text;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>The properties of a PUBLISH (MQTT 5 section 3.3.2.3) as they are encoded.</summary>
internal static class PublishProperties
{
    /// <summary>Encodes what the grid's own messages carry.</summary>
    /// <param name="contentType">Null for none.</param>
    /// <param name="responseTopic">Null for none.</param>
    /// <param name="correlationData">Empty for none.</param>
    public static byte[] Encode(string? contentType, string? responseTopic, ReadOnlySpan<byte> correlationData)
    {
        int length = TextLength(contentType) + TextLength(responseTopic)
            + (correlationData.IsEmpty ? 0 : FieldWriter.BytesPropertyOverhead + correlationData.Length);
        if (length == 0)
        {
            return [];
        }

        byte[] encoded = new byte[length];
        FieldWriter writer = new(encoded);
        writer.TextProperty(PropertyId.ContentType, contentType);
        writer.TextProperty(PropertyId.ResponseTopic, responseTopic);
        if (!correlationData.IsEmpty)
        {
            writer.Byte((byte)PropertyId.CorrelationData);
            writer.Bytes(correlationData);
        }

        return encoded;
    }

    /// <summary>
    /// What of a client's properties goes on to subscribers: payload format, content type, response topic,
    /// correlation data and user properties in their order (section 3.3.2.3); not topic alias and message expiry.
    /// </summary>
    /// <param name="properties">Properties that were checked.</param>
    public static byte[] Forwarded(ReadOnlySpan<byte> properties) =>
        Without(properties, PropertyScope.Publish, PropertyId.TopicAlias, PropertyId.MessageExpiryInterval);

    /// <summary>What of a will's properties its PUBLISH carries: all but the delay.</summary>
    /// <param name="properties">Properties that were checked.</param>
    public static byte[] OfWill(ReadOnlySpan<byte> properties) =>
        Without(properties, PropertyScope.Will, PropertyId.WillDelayInterval, PropertyId.WillDelayInterval);

    private static byte[] Without(
        ReadOnlySpan<byte> properties, PropertyScope scope, PropertyId first, PropertyId second)
    {
        if (properties.IsEmpty)
        {
            return [];
        }

        byte[] kept = new byte[properties.Length];
        int length = 0;
        PropertyReader reader = new(properties, scope);
        while (reader.Read())
        {
            if (reader.Id != first && reader.Id != second)
            {
                reader.Encoded.CopyTo(kept.AsSpan(length));
                length += reader.Encoded.Length;
            }
        }

        return length == kept.Length ? kept : kept[..length];
    }

    private static int TextLength(string? text) =>
        text is null ? 0 : FieldWriter.BytesPropertyOverhead + Encoding.UTF8.GetByteCount(text);
}
