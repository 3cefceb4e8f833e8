namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// What becomes of a PUBLISH: the MQTT 5 reason codes that the gateway answers with (section 3.4.2.1).
/// </summary>
internal enum PublishReason : byte
{
    /// <summary>It was taken.</summary>
    Success = 0x00,

    /// <summary>The twin's own code failed.</summary>
    Unspecified = 0x80,

    /// <summary>The topic exists, but this client may not publish to it.</summary>
    NotAuthorized = 0x87,

    /// <summary>The topic is none that the grid takes.</summary>
    TopicNameInvalid = 0x90,

    /// <summary>A limit of the grid.</summary>
    QuotaExceeded = 0x97,

    /// <summary>Nothing in the payload was usable.</summary>
    PayloadFormatInvalid = 0x99,
}

/// <summary>The answer to a message.</summary>
/// <param name="Acknowledge">
/// False: no PUBACK may go out; the connection is closed so that the client sends it again.
/// </param>
/// <param name="Reason">The reason code.</param>
/// <param name="Detail">A sentence for the client, or null.</param>
internal readonly record struct IntakeAnswer(bool Acknowledge, PublishReason Reason, string? Detail = null)
{
    public static IntakeAnswer Taken => new(true, PublishReason.Success);

    public static IntakeAnswer TryAgain => new(false, PublishReason.Success);
}

/// <summary>A message as a client published it.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Payload">The payload; untouched until the answer.</param>
/// <param name="IsAcknowledged">True for QoS 1 and 2: its sender waits for an answer.</param>
/// <param name="ContentType">MQTT 5 content type, or null.</param>
internal readonly record struct IncomingMessage(
    string Topic, ReadOnlyMemory<byte> Payload, bool IsAcknowledged, string? ContentType = null);
